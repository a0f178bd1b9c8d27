import { describe, expect, test } from "vitest";
import { checkTask } from "../../../producer/tasks/check/check.ts";
import type { CheckScope } from "../../../producer/tasks/check/check_scope.ts";
import { pictureLimits } from "../../../shared/limits.ts";
import { dataUrlOf } from "../../../shared/models/pictures.ts";
import { ok } from "../../../shared/result.ts";
import { png } from "./bytes.ts";

const scope = (): CheckScope => ({
  model: "seer",
  allowsRehearsal: true,
  now: 0,
  tools: [],
  available: null,
  checkPolicy: () => ok(null),
  checkModel: () => ok(null),
  seesPictures: (id) => id === "seer",
  checkWebhook: () => ok(null),
  validParts: new WeakSet(),
});
const faultsOf = (task: object) => {
  const checked = checkTask(task, scope());
  return checked.ok ? [] : checked.error;
};

const size = { type: "image/png", width: 9, height: 9 };
const image = { type: "image_url", image_url: { url: dataUrlOf(size, png(9, 9)) } };
const messages = (role: string, ...parts: object[]) => ({
  messages: [{ role, content: [{ type: "text", text: "Look" }, ...parts] }],
});
const base64 = png(9, 9).toBase64();

describe("a task with pictures is taken", () => {
  test.each<[string, object]>([
    ["in its messages", messages("user", image)],
    ["in its files", { prompt: "p", files: { "a.png": { base64 } } }],
    ["as an upload", { prompt: "p", files: { "a.JPG": { r2: "a.jpg" } } }],
    [
      "as data for programs, by a model without vision",
      { prompt: "p", model: "blind", files: { a: { base64, picture: false } } },
    ],
    [
      "text that is named as a picture, by a model without vision",
      { prompt: "p", model: "blind", files: { "a.png": { text: "no" } } },
    ],
    ["text parts, by a model without vision", { ...messages("user"), model: "blind" }],
  ])("%s", (_name, task) => {
    expect(faultsOf(task)).toEqual([]);
  });
});

describe("a task with pictures is rejected", () => {
  test.each<[string, object, string, RegExp]>([
    [
      "for a model without vision",
      { ...messages("user", image), model: "blind" },
      "messages[0].content[1]",
      /"blind" does not see pictures/,
    ],
    [
      "of a file, whatever its name",
      { prompt: "p", model: "blind", files: { data: { base64 } } },
      'files["data"]',
      /"picture": false/,
    ],
    [
      "of an upload",
      { prompt: "p", model: "blind", files: { "a.png": { r2: "a" } } },
      'files["a.png"]',
      /vision/,
    ],
    [
      "for a fallback without vision",
      { ...messages("user", image), fallback_models: ["blind"] },
      "messages[0].content[1]",
      /"blind"/,
    ],
    [
      "for an escalation without vision",
      { ...messages("user", image), escalate: [{ model: "blind" }] },
      "messages[0].content[1]",
      /"blind"/,
    ],
    [
      "with an address",
      messages("user", { type: "image_url", image_url: { url: "https://a.example/b.png" } }),
      "messages[0].content[1].image_url.url",
      /not fetched/,
    ],
    [
      "of another role",
      messages("assistant", image),
      "messages[0].content[1]",
      /message of the user/,
    ],
    [
      "with too many",
      messages("user", ...Array(pictureLimits.countMax + 1).fill(image)),
      "messages[0].content[1]",
      /may show 16/,
    ],
    [
      "with too many pixels",
      messages("user", { type: "image_url", image_url: { url: dataUrlOf(size, png(20_000, 9)) } }),
      "messages[0].content[1]",
      /20000 × 9/,
    ],
  ])("%s", (_name, task, path, message) => {
    expect(faultsOf(task)).toMatchObject([{ path, message: expect.stringMatching(message) }]);
  });
});
