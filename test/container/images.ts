// The images of these tests: that of docker/Dockerfile, the one it starts from, and one made from
// it with jobs. The first is pulled, or, where no registry can be reached, the same thing made by
// hand: a real Debian, so that the Dockerfile's own apt-get, useradd and npm run in it.

import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Podman } from "./podman.ts";

export const images = {
  base: "docker.io/library/node:24-bookworm-slim",
  runtime: "localhost/queue-runtime",
  withJobs: "localhost/queue-runtime-jobs",
};

const root = join(import.meta.dirname, "../..");

export async function provideBase(podman: Podman): Promise<"pulled" | "made"> {
  const pulled = await podman.try("pull", "--quiet", images.base);
  if (pulled.code === 0) return "pulled";
  if (spawnSync("debootstrap", ["--version"]).status !== 0 || process.getuid?.() !== 0) {
    const needs = "cannot be pulled, and making it needs debootstrap and root";
    throw new Error(`${images.base} ${needs}:\n${pulled.stderr}`);
  }
  const system = join(podman.folder, "system");
  execFileSync("debootstrap", ["--variant=minbase", "bookworm", system], { stdio: "pipe" });
  addNode(system);
  // As in the official images: no caches of apt in a layer.
  const apt = 'Dir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n';
  writeFileSync(join(system, "etc/apt/apt.conf.d/docker-clean"), apt);
  const archive = join(podman.folder, "system.tar");
  execFileSync("tar", ["--directory", system, "--create", "--file", archive, "."]);
  await podman.do("import", "--quiet", "--change", 'CMD ["node"]', archive, images.base);
  return "made";
}

/** The Node that runs this, and the npm that the shell would find. */
function addNode(system: string): void {
  const modules = join(system, "usr/local/lib/node_modules");
  mkdirSync(modules, { recursive: true });
  cpSync(process.execPath, join(system, "usr/local/bin/node"), { dereference: true });
  const program = execFileSync("sh", ["-c", "command -v npm"], { encoding: "utf8" }).trim();
  const npmFolder = join(dirname(realpathSync(program)), "..");
  cpSync(npmFolder, join(modules, "npm"), { recursive: true });
  for (const name of ["npm", "npx"]) {
    const target = `../lib/node_modules/npm/bin/${name}-cli.js`;
    symlinkSync(target, join(system, "usr/local/bin", name));
  }
}

export async function build(podman: Podman): Promise<void> {
  const options = ["--pull=never", "--layers=false", "--format=docker"];
  const recipe = ["--file", join(root, "docker/Dockerfile"), "--tag", images.runtime];
  await podman.do("build", ...options, ...registryAccess(podman), ...recipe, root);
  await podman.do("build", ...options, "--tag", images.withJobs, join(root, "test/container"));
}

/** Lets npm reach, inside the build, the registry that it reaches on this machine. */
function registryAccess(podman: Podman): readonly string[] {
  // Not in the repository, whose own settings are part of the build anyway.
  const options = { encoding: "utf8", stdio: "pipe", cwd: tmpdir() } as const;
  const registry = execFileSync("npm", ["config", "get", "registry"], options).trim();
  const settings = [`registry=${registry}`];
  const mounts: string[] = [];
  const authority = process.env.NODE_EXTRA_CA_CERTS;
  if (authority) {
    settings.push("cafile=/run/authority.pem");
    mounts.push("--volume", `${authority}:/run/authority.pem:ro`);
  }
  const file = join(podman.folder, "npmrc");
  writeFileSync(file, `${settings.join("\n")}\n`);
  return [...mounts, "--volume", `${file}:/usr/local/etc/npmrc:ro`];
}

/** Bytes that the runtime's image adds to the one it starts from. */
export async function addedBytes(podman: Podman): Promise<number> {
  const [whole, base] = await Promise.all([sizeOf(images.runtime), sizeOf(images.base)]);
  return whole - base;

  async function sizeOf(image: string): Promise<number> {
    return Number(await podman.do("image", "inspect", "--format", "{{.Size}}", image));
  }
}
