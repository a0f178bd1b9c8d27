import { expect, test } from "vitest";
import { withMicroVm } from "../../../producer/local/microvm.ts";
import { text } from "./page.ts";

const original = text("wrangler.consumer.toml");

test("the configuration with containers is the usual one, with nothing but the container added", () => {
  const config = withMicroVm(original, "docker.io/x/y:1");
  const newConfig = config.replace(
    'main = "consumer/sandbox/microvm/consumer_with_microvm.ts"',
    'main = "consumer/index.ts"',
  );
  expect(newConfig.startsWith(original.trimEnd())).toBe(true);
  const added = newConfig.slice(original.trimEnd().length);
  for (const scope of ["", "env.production."]) {
    for (const table of ["containers", "durable_objects.bindings", "migrations"]) {
      expect(added).toContain(`[[${scope}${table}]]`);
    }
  }
  expect(added.match(/image = "docker\.io\/x\/y:1"/g)).toHaveLength(2);
  expect(original).not.toMatch(/containers|MicroVm/);
});

test("a configuration without the entry is refused before anything is deployed", () => {
  expect(() => withMicroVm('main = "other.ts"', "i")).toThrow("consumer/index.ts");
});
