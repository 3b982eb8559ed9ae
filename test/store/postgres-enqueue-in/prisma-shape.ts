// What a client of prisma 7 looks like from outside, on a connection of pg: `prisma generate` needs
// a download, so the tests have to do without it. Seen there: inside a transaction `$transaction`
// is still there and `$connect` is not, whatever it has no model for is undefined, whole numbers
// of the database are bigints, and errors have the code of the database in `meta`.

import type { Client } from "pg";

export interface PrismaShape {
  $connect(): Promise<void>;
  $transaction(work: (transaction: object) => Promise<void>): Promise<void>;
}

export function prismaOn(client: Client): PrismaShape {
  const shared = {
    async $queryRawUnsafe(text: string, ...values: readonly unknown[]) {
      const { rows, fields } = await client.query(text, [...values]).catch((error) => {
        throw Object.assign(new Error(`Raw query failed. Message: ${error.message}`), {
          code: "P2010",
          meta: { driverAdapterError: { cause: { code: error.code, message: error.message } } },
        });
      });
      const whole = fields.filter(({ dataTypeID }) => dataTypeID === 20).map(({ name }) => name);
      return rows.map((row) => ({
        ...row,
        ...Object.fromEntries(whole.map((name) => [name, BigInt(row[name])])),
      }));
    },
    async $transaction(work: (transaction: object) => Promise<void>): Promise<void> {
      await client.query("BEGIN");
      try {
        await work(shared);
        await client.query("COMMIT");
      } catch (error) {
        await client.query("ROLLBACK");
        throw error;
      }
    },
  };
  return { ...shared, $connect: async () => {} };
}
