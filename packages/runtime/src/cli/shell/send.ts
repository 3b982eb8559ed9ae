// send: writes to the stdin of a command that runs, exactly what was given and no line break. What
// comes from our own stdin goes on as it comes, byte for byte.

import type { Answer, Desk } from "../../control/desk.ts";
import { withDesk } from "../data/desk.ts";
import type { Invocation } from "../line/command.ts";
import { CommandError, UsageError } from "../line/errors.ts";
import { readId } from "../line/options.ts";
import { hasFailed, reportAnswers } from "./told/answers.ts";

/** Of one request, which has 1 MB at most, and base64 makes four bytes of three. */
const pieceBytes = 512 * 1_024;

export async function send(invocation: Invocation): Promise<number> {
  const [typed = "", given] = invocation.words;
  const id = readId(typed, "command");
  const eof = invocation.flag("eof");
  if (given === undefined && !eof) {
    throw new UsageError("send needs TEXT, or --eof to close its stdin");
  }
  const answer = await withDesk(await invocation.config(), (desk) =>
    given === "-"
      ? sendStdin(desk, id, eof)
      : desk.send(id, { eof, ...(given !== undefined && { input: given }) }),
  );
  return reportAnswers(invocation, [answer], "");
}

async function sendStdin(desk: Desk, id: number, eof: boolean): Promise<Answer> {
  let answer: Answer | null = null;
  let sent = 0;
  for await (const chunk of process.stdin) {
    const bytes: Buffer = chunk;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      const piece = bytes.subarray(at, at + pieceBytes);
      answer = await desk.send(id, { input: piece.toString("base64"), base64: true });
      if (hasFailed(answer)) return sent === 0 ? answer : withCount(answer, sent);
      sent += piece.length;
    }
  }
  if (eof) return await desk.send(id, { eof });
  if (answer === null) throw new CommandError("there is nothing to send: stdin is empty");
  return answer;
}

/** So that whoever sends the rest knows where it begins. */
function withCount(answer: Answer, sent: number): Answer {
  return { ...answer, error: `${answer.error ?? answer.outcome}; ${sent} bytes were sent before` };
}
