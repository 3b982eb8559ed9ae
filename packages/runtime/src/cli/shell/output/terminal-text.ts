// Output of other programs on its way to a terminal: colours may pass, everything else that could
// move the cursor, set a title or answer back is made visible. Into a pipe bytes go as they are.

import { StringDecoder } from "node:string_decoder";
import { visible } from "../../terminal/text.ts";

/** A colour, a line break, a tab and a carriage return (progress bars) may pass. */
const harmless =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /(\u001b\[[\d;:]*m|\r\n?|\n|\t)/;
/** The beginning of a colour, whose end comes with the next bytes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unfinished = /\u001b(?:\[[\d;:]{0,32})?$/;

export class TerminalText {
  readonly #decoder = new StringDecoder("utf8");
  #kept = "";
  #coloured = false;

  /** What can be shown by now; half a character or half a colour is kept for the next time. */
  push(bytes: Buffer): string {
    return this.#show(this.#kept + this.#decoder.write(bytes));
  }

  /** What was kept, and the end of a colour that was left on. */
  end(): string {
    const rest = this.#show(this.#kept + this.#decoder.end(), true);
    const reset = this.#coloured ? "\u001b[0m" : "";
    this.#coloured = false;
    return rest + reset;
  }

  #show(text: string, last = false): string {
    const half = last ? null : unfinished.exec(text);
    const whole = half === null ? text : text.slice(0, half.index);
    this.#kept = half === null ? "" : half[0];
    return whole
      .split(harmless)
      .map((part, at) => {
        if (at % 2 === 0) return visible(part);
        if (part.startsWith("\u001b")) this.#coloured = !/\[0*m$/.test(part);
        return part;
      })
      .join("");
  }
}
