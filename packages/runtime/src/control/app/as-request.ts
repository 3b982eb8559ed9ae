// What the packages below find wrong with a request is the client's mistake, not ours.

import { Problem } from "../problem.ts";

const theirs = new Set(["TypeError", "RangeError", "InvalidInputError", "NotJsonError"]);

/** @throws Problem 400, or the error itself where it is no mistake of the client's */
export async function asRequest<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Error && theirs.has(error.name)) throw new Problem(400, error.message);
    throw error;
  }
}
