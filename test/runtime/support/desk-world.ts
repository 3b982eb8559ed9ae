// A desk over the socket of a control server, where commands really run.

import { readFileSync } from "node:fs";
import { type RemoteDesk, remoteDesk } from "../../../packages/runtime/src/control/desk/remote.ts";
import type { AddRequest, CommandRow } from "../../../packages/runtime/src/control/desk.ts";
import { outputFile } from "../../../packages/runtime/src/control/output/files.ts";
import { waitFor } from "../../support/wait-for.ts";
import { type ControlWorld, controlWorld } from "./control-world.ts";

export interface DeskWorld {
  readonly control: ControlWorld;
  /** Serves, and runs commands. */
  open(): Promise<RemoteDesk>;
  command(line: string, more?: Partial<AddRequest>): AddRequest;
  /** The path of what its first attempt wrote. */
  outputOf(id: number): string;
  readOutput(id: number): string;
}

export function deskWorld(): DeskWorld {
  const control = controlWorld();
  const outputOf = (id: number) =>
    outputFile(control.target.config.commands!.output, { id, attempt: 1 });
  return {
    control,
    async open() {
      await control.runCommands();
      await control.serve();
      return remoteDesk(control.socket);
    },
    command(line, more = {}) {
      const environment = { PATH: process.env.PATH! };
      return { words: [line], directory: control.folder, environment, ...more };
    },
    outputOf,
    readOutput: (id) => readFileSync(outputOf(id), "utf8"),
  };
}

export async function until(
  desk: RemoteDesk,
  id: number,
  is: (row: CommandRow) => boolean,
): Promise<CommandRow> {
  return await waitFor(async () => {
    const row = await desk.find(id);
    return row && is(row) ? row : null;
  });
}

export function ended({ finished_at }: CommandRow): boolean {
  return finished_at !== null;
}
