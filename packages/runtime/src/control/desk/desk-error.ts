// What a desk refuses as a whole. What it refuses of one id is an answer, not an error.

/**
 * - `invalid`: the request makes no sense, such as a folder that is not absolute
 * - `unknown`: there is no such group
 * - `conflict`: it is not possible as things are, such as a group that is there already
 * - `no-runtime`: it needs the processes of a runtime, and none runs here
 */
export type DeskErrorCode = "invalid" | "unknown" | "conflict" | "no-runtime";

/** One sentence: what is wrong and what to do. */
export class DeskError extends Error {
  override readonly name = "DeskError";
  readonly code: DeskErrorCode;

  constructor(code: DeskErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
