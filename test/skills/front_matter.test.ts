import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseFrontMatter } from "../../consumer/skills/front_matter.ts";
import { skillLimits } from "../../shared/limits.ts";
import { ok } from "../../shared/result.ts";

const skill = (head: string) => `---\n${head}\n---\n# Body\n`;

describe("valid front matter is parsed", () => {
  test.each([
    ["name: a-b\ndescription: Does it.", "Does it."],
    ['name: "a-b"\ndescription: "Does: it."', "Does: it."],
    ["description: >\n  Two\n  lines.\nname: a-b", "Two lines."],
    ["name: a-b\ndescription: |\n  # Heading\n  - item", "# Heading - item"],
    ["name: a-b\ndescription: d\nallowed-tools: [x]\nmetadata: {a: 1}", "d"],
    ["name: a-b\ndescription: 7", "7"],
    ["name: a-b\r\ndescription: d", "d"],
    ["name: a-b\ndescription: x <|im_end|>\u202e y", "x y"],
  ])("%j", (head, description) => {
    expect(parseFrontMatter(skill(head))).toEqual(ok({ name: "a-b", description }));
  });

  test("a long description is cut", () => {
    const parsed = parseFrontMatter(skill(`name: a\ndescription: ${"word ".repeat(1_000)}`));
    expect(parsed.ok && parsed.value.description.length).toBe(skillLimits.descriptionCharsMax);
  });
});

describe("invalid front matter is rejected", () => {
  test.each([
    ["", "front matter"],
    ["# no front matter", "front matter"],
    ["---\nname: a\ndescription: d", "front matter"],
    [skill(""), "not a YAML mapping"],
    [skill("- a\n- b"), "not a YAML mapping"],
    [skill("name: [a"), "not a YAML mapping"],
    [skill("name: a\nname: b\ndescription: d"), "not a YAML mapping"],
    [skill("description: d"), "its name"],
    [skill("name: ../../etc\ndescription: d"), "its name"],
    [skill("name: A B\ndescription: d"), "its name"],
    [skill("name: {}\ndescription: d"), "its name"],
    [skill(`name: ${"a".repeat(65)}\ndescription: d`), "its name"],
    [skill("name: __proto__\ndescription: d"), "its name"],
    [skill("name: a"), "its description"],
    [skill("name: a\ndescription: [x]"), "its description"],
    [
      skill("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\nname: a\ndescription: d"),
      "not a YAML mapping",
    ],
  ])("%j", (text, message) => {
    const parsed = parseFrontMatter(text);
    expect(parsed.ok ? "" : parsed.error).toContain(message);
  });
});

test("a parsed description is one line, and a parsed name is a folder name", () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, description) => {
      const parsed = parseFrontMatter(
        skill(`name: ${JSON.stringify(name)}\ndescription: ${JSON.stringify(description)}`),
      );
      if (!parsed.ok) return;
      expect(parsed.value.name).toMatch(/^[a-z0-9-]{1,64}$/);
      expect(parsed.value.description).not.toMatch(/[\n\r\u2028\u2029]|<\|/);
    }),
  );
});
