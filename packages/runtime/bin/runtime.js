#!/usr/bin/env node
// The front door. Plain old syntax up to the check, so that an old Node can still read the refusal.
var version = process.versions.node.split(".").map(Number);
if (version[0] < 22 || (version[0] === 22 && version[1] < 18)) {
  process.stderr.write(
    "runtime needs Node.js 22.18 or newer; this is " +
      process.version +
      ". Install Node.js 24, and start runtime with it.\n",
  );
  process.exitCode = 78;
} else {
  // signals first: a TERM while the rest loads must be heard
  import("../dist/process/signals.js").then(async ({ Signals }) => {
    const signals = new Signals();
    const { main } = await import("../dist/cli.js");
    await main(process.argv.slice(2), signals);
  });
}
