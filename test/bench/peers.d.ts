// better-sqlite3 brings no types; this is all that is used of it.

declare module "better-sqlite3" {
  export default class Database {
    constructor(file: string);
  }
}
