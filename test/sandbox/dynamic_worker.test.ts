import { expect, test } from "vitest";
import { sources } from "./sources.ts";

test("one file makes all Dynamic Workers, so that none inherits the network", () => {
  const makers = [...sources]
    .filter(([, text]) => /\bloader\)?\??\.(load|get)\(/i.test(text))
    .map(([path]) => path);
  expect(makers).toEqual(["consumer/sandbox/dynamic_worker.ts"]);
});

test("every Dynamic Worker says where its network goes", () => {
  const uses = [...sources].filter(
    ([path, text]) => /\bdynamicWorker\(/.test(text) && !path.endsWith("/dynamic_worker.ts"),
  );
  expect(uses.map(([path]) => path).sort()).toEqual([
    "consumer/sandbox/isolate.ts",
    "consumer/sandbox/isolate_v8.ts",
  ]);
  for (const [, text] of uses) expect(text).toMatch(/globalOutbound: null/);
});
