// The signals of a child, installed before anything slow is loaded. A child obeys only its
// supervisor: what a terminal sends to the whole group is ignored, so that Ctrl-C stops everything
// in order.

for (const name of ["SIGINT", "SIGHUP", "SIGQUIT", "SIGTSTP"] as const) {
  process.on(name, () => undefined);
}

let asked = false;
let act: (() => void) | null = null;

process.on("SIGTERM", () => {
  asked = true;
  act?.();
});

/** Calls `stop` inside the signal handler; at once when TERM came before. */
export function onTerm(stop: () => void): void {
  act = stop;
  if (asked) stop();
}
