import { describe, expect, it } from "vitest";
import type { CheckScope } from "../../producer/tasks/check_scope.ts";
import { fillTemplate, templateFaults } from "../../producer/tasks/template.ts";

const tick = { time: "2026-03-29T01:00:00.000Z" };
const fill = (template: object, item: unknown) => fillTemplate(template, { item, tick });

describe("a template is filled with an item", () => {
  it.each<[string, object, unknown, object]>([
    ["in a text", { prompt: "Find {{item.name}}." }, { name: "Acme" }, { prompt: "Find Acme." }],
    ["with spaces", { prompt: "{{ item.name }}" }, { name: "Acme" }, { prompt: "Acme" }],
    ["keeping types", { input: "{{item.n}}" }, { n: 3 }, { input: 3 }],
    ["keeping null", { input: "{{item.n}}" }, { n: null }, { input: null }],
    ["whole", { input: "{{item}}" }, { a: [1] }, { input: { a: [1] } }],
    ["deep", { prompt: "{{item.a.b}}" }, { a: { b: "x" } }, { prompt: "x" }],
    ["a number in a text", { prompt: "n={{item.n}}" }, { n: 0 }, { prompt: "n=0" }],
    ["an object in a text", { prompt: "o={{item.o}}" }, { o: { a: 1 } }, { prompt: 'o={"a":1}' }],
    ["an empty text", { prompt: "[{{item.t}}]" }, { t: "" }, { prompt: "[]" }],
    ["the tick", { labels: { at: "{{tick.time}}" } }, {}, { labels: { at: tick.time } }],
    ["in lists", { messages: [{ content: "{{item}}" }] }, "x", { messages: [{ content: "x" }] }],
    ["once only", { prompt: "{{item.t}}" }, { t: "{{item.u}}" }, { prompt: "{{item.u}}" }],
    ["beside what is no text", { limits: { steps: 3 } }, {}, { limits: { steps: 3 } }],
  ])("%s", (_name, template, item, filled) => {
    expect(fill(template, item)).toEqual({ ok: true, value: filled });
  });

  it.each<[string, object, unknown, string]>([
    ["a missing field", { prompt: "Find {{item.name}}." }, {}, "prompt"],
    ["a missing whole", { limits: { steps: "{{item.n}}" } }, {}, "limits.steps"],
    ["null in a text", { prompt: "a {{item.name}}" }, { name: null }, "prompt"],
    ["a field of a text", { prompt: "{{item.name.length}}" }, { name: "x" }, "prompt"],
    ["what objects inherit", { prompt: "{{item.constructor}}" }, {}, "prompt"],
  ])("and %s is told, never left empty", (_name, template, item, path) => {
    const filled = fill(template, item);
    expect(filled.ok).toBe(false);
    if (!filled.ok) expect(filled.error).toMatchObject({ kind: "refused", details: [{ path }] });
  });
});

describe("a template is checked as a task before any item is known", () => {
  const scope: CheckScope = {
    model: "rehearsal",
    rehearsals: true,
    now: 0,
    tools: ["read_file", "final_answer"],
    offered: null,
    policyFault: (name) => (name === "default" ? null : "no such policy"),
    modelFault: (id) => (id === "m" ? null : "not served"),
    webhookFault: () => null,
    proven: new WeakSet(),
  };
  const turns = [{ text: "yes" }];
  const paths = (template: object) => templateFaults(template, scope).map(({ path }) => path);

  it.each<[string, object]>([
    ["a plain task", { prompt: "p", rehearsal: turns }],
    ["placeholders in texts", { prompt: "Find {{item.name}} at {{tick.time}}", rehearsal: turns }],
    ["one for a number", { prompt: "p", limits: { steps: "{{item.n}}" }, rehearsal: turns }],
    ["one for a policy", { prompt: "p", policy: "{{item.policy}}", rehearsal: turns }],
    ["one for a whole field", { prompt: "p", rehearsal: "{{item.turns}}" }],
    ["one for the messages", { messages: "{{item.messages}}", rehearsal: turns }],
    [
      "one for a file",
      { prompt: "p", files: { "a.txt": { text: "{{item.t}}" } }, rehearsal: turns },
    ],
  ])("%s is taken", (_name, template) => {
    expect(templateFaults(template, scope)).toEqual([]);
  });

  it.each<[string, object, string]>([
    ["an unknown field", { promt: "p", rehearsal: turns }, "template.promt"],
    ["no prompt", { rehearsal: turns }, "template.prompt"],
    ["an unknown placeholder", { prompt: "{{company}}", rehearsal: turns }, "template.prompt"],
    [
      "a fixed bad value beside",
      { prompt: "{{item}}", limits: { steps: 0 }, rehearsal: turns },
      "template.limits.steps",
    ],
    [
      "a fixed unknown policy",
      { prompt: "{{item}}", policy: "other", rehearsal: turns },
      "template.policy",
    ],
    [
      "a key of its own",
      { prompt: "{{item}}", idempotency_key: "k", rehearsal: turns },
      "template.idempotency_key",
    ],
    [
      "a placeholder in a name",
      { prompt: "p", files: { "{{item}}": { text: "t" } }, rehearsal: turns },
      'template.files["{{item}}"]',
    ],
  ])("%s is refused", (_name, template, path) => {
    expect(paths(template)).toContain(path);
  });
});
