// Where the output of followed commands goes: as it is when there is one, with its id before each
// line when there are several. Half a line is shown at once; if another command speaks meanwhile,
// it begins a line of its own.

import type { Output } from "../../terminal/output.ts";
import type { Style } from "../../terminal/text.ts";
import { TerminalText } from "./terminal-text.ts";
import { write } from "./write.ts";

const colours: readonly Style[] = ["cyan", "magenta", "yellow", "green"];

export class Screen {
  readonly #output: Output;
  readonly #ids: readonly number[];
  readonly #texts: ReadonlyMap<number, TerminalText>;
  /** Whose line is not ended yet. */
  #open: number | null = null;
  /** Whose half lines others have ended: the line break that comes later is there already. */
  readonly #broken = new Set<number>();
  #writing: Promise<void> = Promise.resolve();

  constructor(output: Output, ids: readonly number[]) {
    this.#output = output;
    this.#ids = ids;
    const several = ids.length > 1;
    const texts = several || output.stdout.isTTY ? ids : [];
    this.#texts = new Map(texts.map((id) => [id, new TerminalText()]));
  }

  /** One after the other, in the order they were asked for. @throws NobodyReadsError */
  show(id: number, bytes: Buffer): Promise<void> {
    return this.#next(() => {
      const text = this.#texts.get(id);
      return text === undefined ? bytes : this.#prefixed(id, text.push(bytes));
    });
  }

  /** Nothing more comes from it. @throws NobodyReadsError */
  end(id: number): Promise<void> {
    return this.#next(() => {
      const rest = this.#prefixed(id, this.#texts.get(id)?.end() ?? "");
      const closing = this.#open === id && this.#ids.length > 1 ? "\n" : "";
      if (closing !== "") this.#open = null;
      return rest + closing;
    });
  }

  #next(text: () => string | Buffer): Promise<void> {
    const written = this.#writing.then(() => write(this.#output.stdout, text()));
    this.#writing = written.catch(() => undefined);
    return written;
  }

  #prefixed(id: number, typed: string): string {
    if (this.#ids.length === 1 || typed === "") return typed;
    const text = this.#broken.delete(id) ? typed.replace(/^\r?\n/, "") : typed;
    if (text === "") return "";
    const continues = this.#open === id;
    const before = this.#open === null || continues ? "" : "\n";
    if (this.#open !== null && !continues) this.#broken.add(this.#open);
    const lines = text.split(/(?<=\n)/);
    this.#open = text.endsWith("\n") ? null : id;
    const mark = this.#mark(id);
    return before + lines.map((line, at) => (at === 0 && continues ? line : mark + line)).join("");
  }

  #mark(id: number): string {
    const widest = Math.max(...this.#ids.map((each) => String(each).length));
    const colour = colours[this.#ids.indexOf(id) % colours.length] ?? "cyan";
    return this.#output.paint(colour, `${String(id).padStart(widest)} │ `);
  }
}
