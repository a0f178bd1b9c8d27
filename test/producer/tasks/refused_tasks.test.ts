import { describe, expect, it } from "vitest";
import { expectRejected, task } from "../client.ts";

const past = "2020-01-01T00:00:00Z";
const ahead = (ms: number) => new Date(Date.now() + ms).toISOString();

describe("an invalid task is rejected with the place and what to write", () => {
  it.each<[name: string, body: unknown, path: string, message: RegExp]>([
    ["an unknown field", { ...task(), promt: "x" }, "promt", /did you mean "prompt"/],
    [
      "a field that resembles no other",
      { ...task(), zzz: 1 },
      "zzz",
      /the fields are prompt, messages/,
    ],
    ["a number for the prompt", task({ prompt: 7 }), "prompt", /write a string instead of 7/],
    ["a list instead of a task", [], "", /write an object/],
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
      /129 characters; the maximum is 128/,
    ],
    [
      "an approval of an unknown tool",
      task({ approve: ["write_file", "send_emial"] }),
      "approve[1]",
      /did you mean "send_email"/,
    ],
    ["an unknown tool", task({ tools: ["run_cod"] }), "tools[0]", /did you mean "run_code"/],
    [
      "an unknown policy",
      task({ policy: "nowhere" }),
      "policy",
      /Unknown policy "nowhere"; known policies: default/,
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
      "a rehearsal turn of an unknown form",
      task({ rehearsal: [{ txet: "x" }] }),
      "rehearsal[0]",
      /one of an object \{"text"/,
    ],
    [
      "an invalid call in a rehearsal turn",
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
      "a file with two contents",
      task({ files: { a: { text: "x", base64: "eA==" } } }),
      "files.a.base64",
      /unknown field/,
    ],
    ["invalid base64", task({ files: { a: { base64: "%%%" } } }), "files.a", /standard base64/],
    [
      "an input key with ..",
      task({ files: { a: { r2: "../other/x" } } }),
      "files.a",
      /without "\.\."/,
    ],
    [
      "a schema of an unknown type",
      task({ output_schema: { type: "strng" } }),
      "output_schema.type",
      /one of object, array/,
    ],
    [
      "a schema with a reference to nothing",
      task({ output_schema: { properties: { a: { $ref: "#/$defs/b" } } } }),
      "output_schema.properties.a.$ref",
      /points to nothing/,
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
      /invalid time/,
    ],
    ["a deadline in the past", task({ expires_at: past }), "expires_at", /future time/],
    [
      "a deadline before the start",
      task({ not_before: ahead(9e6), expires_at: ahead(8e6) }),
      "expires_at",
      /not later than `not_before`/,
    ],
    [
      "a start years away",
      task({ not_before: ahead(31 * 86_400_000) }),
      "not_before",
      /more than 30 days/,
    ],
    ["an input too large", task({ input: "x".repeat(600_000) }), "input", /the maximum is 500000/],
    [
      "a prompt too long",
      task({ prompt: "x".repeat(600_000) }),
      "prompt",
      /600000 characters; the maximum is 500000/,
    ],
  ])("a task with %s is rejected", async (_name, body, path, message) => {
    const { status, error } = await expectRejected("POST", "/v1/tasks", body);
    expect(status).toBe(422);
    expect(error.code).toBe("refused");
    expect(error.details?.map((detail) => detail.path)).toContain(path);
    expect(error.details?.find((detail) => detail.path === path)?.message).toMatch(message);
    expect(error.message).toMatch(message);
  });

  it("the error lists every fault at once", async () => {
    const { error } = await expectRejected("POST", "/v1/tasks", {
      prompt: 1,
      attempts: "x",
      nope: 1,
    });
    expect(error.details?.map((detail) => detail.path).sort()).toEqual([
      "attempts",
      "nope",
      "prompt",
    ]);
  });

  it("rehearsal turns for another model are rejected, with what to set", async () => {
    const change = { MODEL: "llama", MODEL_BASE_URL: "http://127.0.0.1:9/v1" };
    const { status, error } = await expectRejected("POST", "/v1/tasks", task(), {}, change);
    expect(status).toBe(422);
    expect(error.details).toMatchObject([{ path: "rehearsal" }]);
    expect(error.message).toMatch(/MODEL and MODEL_BASE_URL/);
  });
});
