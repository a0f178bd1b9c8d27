import { describe, expect, it } from "vitest";
import { refused, task } from "./client.ts";

const past = "2020-01-01T00:00:00Z";
const ahead = (ms: number) => new Date(Date.now() + ms).toISOString();

describe("a task that does not fit is refused with the place and the mend", () => {
  it.each<[name: string, body: unknown, path: string, mend: RegExp]>([
    ["an unknown field", { ...task(), promt: "x" }, "promt", /did you mean "prompt"/],
    ["a field nobody means", { ...task(), zzz: 1 }, "zzz", /the fields are prompt, messages/],
    ["a number for the prompt", task({ prompt: 7 }), "prompt", /write a string instead of 7/],
    ["a list for a task", [], "", /write an object/],
    ["no instruction", task({ prompt: undefined }), "prompt", /write "prompt", or "messages"/],
    [
      "prompt and messages",
      task({ messages: [{ role: "user", content: "x" }] }),
      "messages",
      /not both/,
    ],
    [
      "an unknown role",
      { ...task({ prompt: undefined }), messages: [{ role: "boss", content: "x" }] },
      "messages[0].role",
      /one of "system", "user", "assistant"/,
    ],
    [
      "a budget over its ceiling",
      task({ limits: { steps: 501 } }),
      "limits.steps",
      /a whole number from 1 to 500 instead of 501/,
    ],
    ["an unknown budget", task({ limits: { step: 5 } }), "limits.step", /did you mean "steps"/],
    ["too many attempts", task({ attempts: 11 }), "attempts", /from 1 to 10 instead of 11/],
    [
      "an unknown sandbox",
      task({ sandbox: "docker" }),
      "sandbox",
      /one of "isolate", "isolate-v8", "microvm"/,
    ],
    ["a label key in capitals", task({ labels: { Team: "x" } }), "labels.Team", /does not match/],
    [
      "a label value too long",
      task({ labels: { team: "x".repeat(129) } }),
      "labels.team",
      /129 characters; at most 128/,
    ],
    ["an unknown tool", task({ tools: ["run_cod"] }), "tools[0]", /did you mean "run_code"/],
    [
      "an unknown policy",
      task({ policy: "nowhere" }),
      "policy",
      /no policy "nowhere"; there are default/,
    ],
    [
      "an unknown model",
      task({ model: "gpt-x", rehearsal: undefined }),
      "model",
      /MODEL_BASE_URL.*MODEL names/,
    ],
    [
      "a hosted model without its binding",
      task({ model: "@cf/a/b", rehearsal: undefined }),
      "model",
      /MODEL_BASE_URL/,
    ],
    [
      "an unserved fallback",
      task({ fallback_models: ["gpt-x"] }),
      "fallback_models[0]",
      /MODEL_BASE_URL/,
    ],
    [
      "a rehearsal without turns",
      task({ rehearsal: undefined }),
      "model",
      /set MODEL and MODEL_BASE_URL/,
    ],
    [
      "turns that fit no turn",
      task({ rehearsal: [{ txet: "x" }] }),
      "rehearsal[0]",
      /one of an object \{"text"/,
    ],
    [
      "a damaged call in a turn",
      task({ rehearsal: [{ calls: [{ nam: "x" }] }] }),
      "rehearsal[0].calls[0].name",
      /missing/,
    ],
    [
      "a file outside the workspace",
      task({ files: { "../x": { text: "" } } }),
      'files["../x"]',
      /relative.*without "\.\."/,
    ],
    [
      "an absolute file",
      task({ files: { "/x/y.csv": { text: "" } } }),
      'files["/x/y.csv"]',
      /write "x\/y\.csv"/,
    ],
    ["a file with NUL", task({ files: { "a\u0000b": { text: "" } } }), 'files["a\\u0000b"]', /NUL/],
    [
      "a file of two kinds",
      task({ files: { a: { text: "x", base64: "eA==" } } }),
      "files.a.base64",
      /unknown field/,
    ],
    [
      "base64 that is none",
      task({ files: { a: { base64: "%%%" } } }),
      "files.a",
      /standard base64/,
    ],
    [
      "an input key that climbs",
      task({ files: { a: { r2: "../other/x" } } }),
      "files.a",
      /without "\.\."/,
    ],
    [
      "a schema of no known type",
      task({ output_schema: { type: "strng" } }),
      "output_schema.type",
      /one of object, array/,
    ],
    [
      "a schema that refers nowhere",
      task({ output_schema: { properties: { a: { $ref: "#/$defs/b" } } } }),
      "output_schema.properties.a.$ref",
      /leads nowhere/,
    ],
    [
      "a time without a zone",
      task({ not_before: "2026-12-01T09:00:00" }),
      "not_before",
      /with a zone/,
    ],
    [
      "a time that does not exist",
      task({ not_before: "2026-13-41T99:00:00Z" }),
      "not_before",
      /no time that exists/,
    ],
    ["a deadline that is past", task({ expires_at: past }), "expires_at", /in the future/],
    [
      "a deadline before the start",
      task({ not_before: ahead(9e6), expires_at: ahead(8e6) }),
      "expires_at",
      /not after not_before/,
    ],
    [
      "a start years away",
      task({ not_before: ahead(31 * 86_400_000) }),
      "not_before",
      /over 30 days/,
    ],
    ["an input too large", task({ input: "x".repeat(600_000) }), "input", /at most 500000/],
    [
      "a prompt too long",
      task({ prompt: "x".repeat(600_000) }),
      "prompt",
      /600000 characters; at most 500000/,
    ],
  ])("%s", async (_name, body, path, mend) => {
    const { status, error } = await refused("POST", "/v1/tasks", body);
    expect(status).toBe(422);
    expect(error.code).toBe("refused");
    expect(error.details?.map((detail) => detail.path)).toContain(path);
    expect(error.details?.find((detail) => detail.path === path)?.message).toMatch(mend);
    expect(error.message).toMatch(mend);
  });

  it("reports every place at once", async () => {
    const { error } = await refused("POST", "/v1/tasks", { prompt: 1, attempts: "x", nope: 1 });
    expect(error.details?.map((detail) => detail.path).sort()).toEqual([
      "attempts",
      "nope",
      "prompt",
    ]);
  });

  it("turns for another model are refused, naming what to set", async () => {
    const change = { MODEL: "llama", MODEL_BASE_URL: "http://127.0.0.1:9/v1" };
    const { status, error } = await refused("POST", "/v1/tasks", task(), {}, change);
    expect(status).toBe(422);
    expect(error.details).toMatchObject([{ path: "rehearsal" }]);
    expect(error.message).toMatch(/MODEL and MODEL_BASE_URL/);
  });
});
