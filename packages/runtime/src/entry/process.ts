// Started by a supervisor for each child, never imported: learns what it is to be, hosts that
// service and ends when told to. Signals come first, so that a TERM at any moment after this line
// is heard.

import "../child/signals.ts";
import { ChildHost } from "../child.ts";

new ChildHost(process.argv[2]).listen();
