import { expect } from "vitest";
import { run } from "../running.ts";

/** Runs an attempt to leave the sandbox: its value is the expected one, and nothing from outside is shown. */
export async function expectNowhere(code: string, expected: RegExp | null): Promise<void> {
  const outcome = await run(code, {
    files: { "in.txt": "hello" },
    tools: ["t", "bad"],
    capabilities: {
      call: async (name) =>
        name === "t" ? { ok: true, json: "{}" } : { ok: false, message: "no" },
    },
    limits: { fuel: 20_000_000 },
  });
  if (expected) expect(outcome.value ?? "null").toMatch(expected);
  const shown = JSON.stringify([outcome.value, outcome.logs]);
  expect(shown).not.toMatch(/root:|LOADER|\[object Fetcher\]|JsRpc|interpreter@|engine\.js/);
}
