import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { root, text } from "./page.ts";

test("one command prints a CycloneDX bill of materials with each package of the lock file", () => {
  const output = execFileSync("npm", ["run", "--silent", "sbom"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 100_000_000,
    shell: process.platform === "win32",
  });
  const { bomFormat, components } = JSON.parse(output) as {
    bomFormat: string;
    components: { name: string; version: string; group?: string }[];
  };
  const names = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const lock = JSON.parse(text("package-lock.json")) as {
    packages: Record<string, { version: string; name?: string }>;
  };
  const missing = Object.entries(lock.packages)
    .filter(([place]) => place !== "")
    .map(
      ([place, entry]) => `${entry.name ?? place.split("node_modules/").at(-1)}@${entry.version}`,
    )
    .filter((name) => !names.has(name));
  expect(bomFormat).toBe("CycloneDX");
  expect(missing).toEqual([]);
});
