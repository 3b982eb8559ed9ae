#!/usr/bin/env node
// The front door. Plain old syntax up to the check, so that an old Node can still read the refusal.
var version = process.versions.node.split(".").map(Number);
if (version[0] < 22 || (version[0] === 22 && version[1] < 18)) {
  process.stderr.write(
    "runtime needs Node.js 22.18 or newer; this is " + process.version + ". Install Node.js 24, or run it through npm (npx runtime).\n",
  );
  process.exitCode = 78;
} else {
  import("../dist/cli.js").then((cli) => cli.main(process.argv.slice(2)));
}
