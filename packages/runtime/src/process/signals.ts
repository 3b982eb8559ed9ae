// Signals as data. A handler only notes the name; whoever owns the process takes the notes when it
// is ready for them. So a TERM during boot is not lost, and no logic runs inside a handler. The
// front door makes one before it loads anything else, hence no import here: until then, which is 20
// ms after the exec, the default holds and a TERM simply ends Node.

export type SignalName = "SIGTERM" | "SIGINT" | "SIGQUIT" | "SIGHUP" | "SIGTSTP" | "SIGCONT";

const names: readonly SignalName[] = [
  "SIGTERM",
  "SIGINT",
  "SIGQUIT",
  "SIGHUP",
  "SIGTSTP",
  "SIGCONT",
];

export class Signals {
  readonly #pending: SignalName[] = [];
  readonly #listeners = new Map<SignalName, () => void>();
  #take: ((name: SignalName) => void) | null = null;

  constructor() {
    for (const name of names) {
      const listener = () => this.#note(name);
      this.#listeners.set(name, listener);
      process.on(name, listener);
    }
  }

  /** From now on every signal goes to `take`, those noted so far first, each once and in order. */
  deliver(take: (name: SignalName) => void): void {
    this.#take = take;
    for (const name of this.#pending.splice(0)) take(name);
  }

  /** A stop was asked for before anybody took delivery. */
  get stopRequested(): boolean {
    return this.#pending.some(
      (name) => name === "SIGTERM" || name === "SIGINT" || name === "SIGQUIT",
    );
  }

  /** For whoever lives by the defaults after all: what was noted meanwhile takes its course. */
  giveBack(): void {
    for (const [name, listener] of this.#listeners) process.off(name, listener);
    this.#listeners.clear();
    for (const name of this.#pending.splice(0)) process.kill(process.pid, name);
  }

  #note(name: SignalName): void {
    if (this.#take) this.#take(name);
    else this.#pending.push(name);
  }
}
