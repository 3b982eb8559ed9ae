// One connection with which a contender's process asks its database whether anything is left.

import pg from "pg";

export interface Query {
  /** The column `yes` of the only row. */
  yes(sql: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Connects at the first question. */
export function pool(url: string): Query {
  const connections = new pg.Pool({ connectionString: url, max: 1 });
  return {
    async yes(sql) {
      const { rows } = await connections.query<{ yes: boolean }>(sql);
      return rows[0]!.yes;
    },
    close: () => connections.end(),
  };
}
