/**
 * The consumer's configuration with containers, derived from the usual one, so that nothing else differs.
 * `npm run deploy -- --microvm` deploys it; `FLEET_MICROVM=1 npm start` runs it with Docker.
 */
import fs from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "../..");

/** The image of the installed SDK version; `-python` has Python in addition to Node. */
export function microVmImage(): string {
  const { dependencies } = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
  };
  return `docker.io/cloudflare/sandbox:${dependencies["@cloudflare/sandbox"]}-python`;
}

/** The text of wrangler.consumer.toml with the container, its classes and the entry that exports them. */
export function withMicroVm(toml: string, image: string): string {
  const entry = 'main = "consumer/index.ts"';
  if (toml.split(entry).length !== 2)
    throw new Error(`wrangler.consumer.toml must have the line ${entry} once`);
  const parts = ["", "env.production."].map((scope) =>
    [
      `[[${scope}containers]]`,
      'class_name = "MicroVm"',
      `image = "${image}"`,
      'instance_type = "basic"',
      "max_instances = 20",
      "",
      `[[${scope}durable_objects.bindings]]`,
      'name = "MICROVM"',
      'class_name = "MicroVm"',
      "",
      `[[${scope}migrations]]`,
      'tag = "microvm"',
      'new_sqlite_classes = ["MicroVm"]',
    ].join("\n"),
  );
  return [
    toml.replace(entry, 'main = "consumer/sandbox/microvm/consumer_with_microvm.ts"').trimEnd(),
    ...parts,
    "",
  ].join("\n\n");
}

/** Writes the configuration next to the usual one, because its paths are relative, and returns its name. */
export function writeMicroVmConfig(): string {
  const name = ".wrangler.consumer.microvm.toml";
  const toml = fs.readFileSync(path.join(root, "wrangler.consumer.toml"), "utf8");
  fs.writeFileSync(path.join(root, name), withMicroVm(toml, microVmImage()));
  return name;
}
