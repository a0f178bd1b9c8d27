import { env } from "cloudflare:workers";
import { expect, test } from "vitest";
import { dynamicWorker } from "../../../consumer/sandbox/dynamic_worker.ts";
import { sources } from "../sources.ts";

const maker = "consumer/sandbox/dynamic_worker.ts";
/** A file's lines without its comments, which may speak of anything. */
const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, "");
const naming = (pattern: RegExp) =>
  [...sources].filter(([, text]) => pattern.test(code(text))).map(([path]) => path);

test("one file opens the Loader, so that no Dynamic Worker inherits the network", () => {
  expect(naming(/\bWorkerLoader\b/)).toEqual([maker]);
  expect(naming(/\bloader\)?\??\.(load|get)\(/i)).toEqual([]);
});

test("the compiler rejects a Dynamic Worker in another file or without a network setting", () => {
  const rejectedCases = [
    // @ts-expect-error: elsewhere the Loader has no method
    () => env.LOADER.get("name", () => ({})),
    // @ts-expect-error: nor under a name of its own
    ({ load }: { load: unknown } = env.LOADER) => load,
    // @ts-expect-error: where the network goes cannot be left out
    () => dynamicWorker(env.LOADER, null, { mainModule: "a", modules: {}, limits: null }),
  ];
  // The type check fails if one of the expected errors does not occur.
  expect(rejectedCases).toHaveLength(3);
});

test("the Loader's binding is not passed on under another type", () => {
  const suspicious = /\bLOADER\b\s+as\b|\bLOADER\b\s*(satisfies|!)|\bReflect\.\w+\([^)]*LOADER/;
  expect(naming(suspicious)).toEqual([]);
});

test("every Dynamic Worker says where its network goes", () => {
  const uses = [...sources].filter(
    ([path, text]) => /\bdynamicWorker\b/.test(code(text)) && path !== maker,
  );
  // Each engine has its own; none has a network.
  expect(uses.length).toBeGreaterThan(1);
  for (const [path, text] of uses) expect(text, path).toMatch(/globalOutbound: null/);
});
