// The errors of a store. Each says what is wrong and what to do, in one sentence.

/**
 * - `unreachable`: nothing answers, the path cannot be opened, or it stayed locked too long
 * - `read-only`: it can be read but not written
 * - `full`: no space is left on the device
 * - `newer-schema`: a newer version of this program wrote it
 * - `old-schema`: it was not migrated (only with `migrate: false`)
 * - `not-a-store`: it is not a database, or not one of ours
 * - `denied`: the database does not let this user do that
 * - `corrupt`: the database says that its own file is damaged
 * - `unsupported`: the driver or server is too old, or the URL names no store we know
 * - `invalid`: the caller asked for something that cannot be stored
 * - `conflict`: no slot was free, and the job was to be enqueued with one or not at all
 */
export type StoreErrorCode =
  | "unreachable"
  | "read-only"
  | "full"
  | "newer-schema"
  | "old-schema"
  | "not-a-store"
  | "denied"
  | "corrupt"
  | "unsupported"
  | "invalid"
  | "conflict";

export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
