// What vitest does around the tests of a file whose projects are to have a PostgreSQL store.

import { afterAll, beforeEach } from "vitest";
import { dropStores, prepareStores } from "../project-store.ts";

await prepareStores();
beforeEach(prepareStores);
afterAll(dropStores);
