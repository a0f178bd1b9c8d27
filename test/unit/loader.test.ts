import { env } from "cloudflare:workers";
import { expect, test } from "vitest";

test("loader works", async () => {
  const w = env.LOADER.get("x", () => ({
    compatibilityDate: "2026-10-01",
    mainModule: "a.js",
    modules: {
      "a.js":
        "import {WorkerEntrypoint} from 'cloudflare:workers'; export default class extends WorkerEntrypoint { async run(t){ return await t.f(1); } }",
    },
    globalOutbound: null,
  }));
  const { RpcTarget } = await import("cloudflare:workers");
  class T extends RpcTarget {
    f(x: number) {
      return x + 1;
    }
  }
  expect(await (w.getEntrypoint() as any).run(new T())).toBe(2);
});
