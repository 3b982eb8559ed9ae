// Sees to it that no server outlives the tests, even when they are killed with -9. It is a shell
// that waits for the end of its standard input, which comes when we end, in whatever way; then it
// ends the server and removes its folder. Handlers in our own process would not run in that case,
// and PostgreSQL itself does not look after its parent.

import { spawn } from "node:child_process";
import { once } from "node:events";

/** Removed twice: whatever just wrote into the folder may put one more file there. */
const script = `
trap '' INT TERM HUP
cat >/dev/null
pid=$(head -n 1 data/postmaster.pid 2>/dev/null)
if [ -n "$pid" ]; then
  kill -QUIT "$pid" 2>/dev/null
  turns=0
  while kill -0 "$pid" 2>/dev/null && [ $turns -lt 100 ]; do sleep 0.05; turns=$((turns + 1)); done
  kill -KILL "$pid" 2>/dev/null
fi
cd /
rm -rf "$1"
if [ -e "$1" ]; then sleep 1; rm -rf "$1"; fi
`;

export interface Guard {
  /** Ends the server if it runs, removes the folder, and waits until that is done. */
  release(): Promise<void>;
}

export function guardServer(folder: string): Guard {
  const shell = spawn("sh", ["-c", script, "sh", folder], {
    cwd: folder,
    // a session of its own, so that neither Ctrl-C nor the end of our group reaches it
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  const ended = once(shell, "exit");
  return {
    async release() {
      shell.ref();
      shell.stdin.end();
      await ended;
    },
  };
}
