import { describe, expect, it } from "vitest";
import type { CheckScope } from "../../producer/tasks/check/check_scope.ts";
import { fillTemplate, findTemplateFaults } from "../../producer/tasks/check/template.ts";
import { err, ok } from "../../shared/result.ts";

const tick = { time: "2026-03-29T01:00:00.000Z" };
const fill = (template: object, item: unknown) => fillTemplate(template, { item, tick });

describe("a filled template", () => {
  it.each<[string, object, unknown, object]>([
    [
      "a field in a text",
      { prompt: "Find {{item.name}}." },
      { name: "Acme" },
      { prompt: "Find Acme." },
    ],
    [
      "a placeholder with spaces",
      { prompt: "{{ item.name }}" },
      { name: "Acme" },
      { prompt: "Acme" },
    ],
    ["with its type", { input: "{{item.n}}" }, { n: 3 }, { input: 3 }],
    ["null as a whole value", { input: "{{item.n}}" }, { n: null }, { input: null }],
    ["the whole item", { input: "{{item}}" }, { a: [1] }, { input: { a: [1] } }],
    ["a nested field", { prompt: "{{item.a.b}}" }, { a: { b: "x" } }, { prompt: "x" }],
    ["a number in a text", { prompt: "n={{item.n}}" }, { n: 0 }, { prompt: "n=0" }],
    ["an object in a text", { prompt: "o={{item.o}}" }, { o: { a: 1 } }, { prompt: 'o={"a":1}' }],
    ["an empty text", { prompt: "[{{item.t}}]" }, { t: "" }, { prompt: "[]" }],
    ["the tick", { labels: { at: "{{tick.time}}" } }, {}, { labels: { at: tick.time } }],
    ["in a list", { messages: [{ content: "{{item}}" }] }, "x", { messages: [{ content: "x" }] }],
    [
      "an item that contains a placeholder, once only",
      { prompt: "{{item.t}}" },
      { t: "{{item.u}}" },
      { prompt: "{{item.u}}" },
    ],
    [
      "next to a value that is not a string",
      { limits: { steps: 3 } },
      {},
      { limits: { steps: 3 } },
    ],
  ])("a template is filled with: %s", (_name, template, item, filled) => {
    expect(fill(template, item)).toEqual({ ok: true, value: filled });
  });

  it.each<[string, object, unknown, string]>([
    ["a missing field", { prompt: "Find {{item.name}}." }, {}, "prompt"],
    ["a missing whole value", { limits: { steps: "{{item.n}}" } }, {}, "limits.steps"],
    ["null in a text", { prompt: "a {{item.name}}" }, { name: null }, "prompt"],
    ["a field of a text", { prompt: "{{item.name.length}}" }, { name: "x" }, "prompt"],
    ["an inherited property", { prompt: "{{item.constructor}}" }, {}, "prompt"],
  ])("%s is a fault and is not left empty", (_name, template, item, path) => {
    const filled = fill(template, item);
    expect(filled.ok).toBe(false);
    if (!filled.ok) expect(filled.error).toMatchObject({ kind: "refused", details: [{ path }] });
  });
});

describe("the check of a template before any item is known", () => {
  const scope: CheckScope = {
    model: "rehearsal",
    allowsRehearsal: true,
    now: 0,
    tools: ["read_file", "final_answer"],
    available: null,
    checkPolicy: (name) => (name === "default" ? ok(null) : err("no such policy")),
    checkModel: (id) => (id === "m" ? ok(null) : err("not served")),
    seesPictures: () => true,
    checkWebhook: () => ok(null),
    validParts: new WeakSet(),
  };
  const turns = [{ text: "yes" }];
  const paths = (template: object) => findTemplateFaults(template, scope).map(({ path }) => path);

  it.each<[string, object]>([
    ["a plain task", { prompt: "p", rehearsal: turns }],
    ["placeholders in texts", { prompt: "Find {{item.name}} at {{tick.time}}", rehearsal: turns }],
    [
      "a placeholder for a number",
      { prompt: "p", limits: { steps: "{{item.n}}" }, rehearsal: turns },
    ],
    ["a placeholder for a policy", { prompt: "p", policy: "{{item.policy}}", rehearsal: turns }],
    ["a placeholder for a whole field", { prompt: "p", rehearsal: "{{item.turns}}" }],
    ["a placeholder for the messages", { messages: "{{item.messages}}", rehearsal: turns }],
    [
      "a placeholder in a file",
      { prompt: "p", files: { "a.txt": { text: "{{item.t}}" } }, rehearsal: turns },
    ],
  ])("%s is valid", (_name, template) => {
    expect(findTemplateFaults(template, scope)).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["an unknown field", { promt: "p", rehearsal: turns }, "template.promt"],
    ["no prompt", { rehearsal: turns }, "template.prompt"],
    ["an unknown placeholder", { prompt: "{{company}}", rehearsal: turns }, "template.prompt"],
    [
      "an invalid fixed value",
      { prompt: "{{item}}", limits: { steps: 0 }, rehearsal: turns },
      "template.limits.steps",
    ],
    [
      "an unknown fixed policy",
      { prompt: "{{item}}", policy: "other", rehearsal: turns },
      "template.policy",
    ],
    [
      "an idempotency key",
      { prompt: "{{item}}", idempotency_key: "k", rehearsal: turns },
      "template.idempotency_key",
    ],
    [
      "a placeholder in a name",
      { prompt: "p", files: { "{{item}}": { text: "t" } }, rehearsal: turns },
      'template.files["{{item}}"]',
    ],
  ])("%s is rejected", (_name, template, path) => {
    expect(paths(template)).toContain(path);
  });
});
