// As whom PostgreSQL runs: it refuses root, so root starts it as nobody.

export interface User {
  readonly uid?: number;
  readonly gid?: number;
}

const nobody = 65_534;

export const databaseUser: User = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
