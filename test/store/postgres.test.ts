// The PostgreSQL store keeps the contract.

import { describeThatNeedsPostgres } from "../support/needs.ts";
import { reusedPostgres } from "../support/postgres.ts";
import { storeContract } from "./contract.ts";

describeThatNeedsPostgres("the store on a server", () => {
  storeContract("PostgreSQL", reusedPostgres);
});
