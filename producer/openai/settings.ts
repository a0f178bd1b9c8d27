/**
 * What a batch's metadata say of its tasks. Their values are texts: names as they are, lists with commas,
 * everything else as JSON. Other metadata are the user's own and mean nothing here.
 */

import { taskLimits } from "../../shared/limits.ts";
import { parseJson } from "../http/json_text.ts";
import type { Detail } from "../http/problem.ts";
import type { Json } from "./fields.ts";

const texts = ["model", "policy", "sandbox", "priority", "on_uncertain"] as const;
const lists = ["fallback_models", "tools", "mcp", "skills"] as const;
const values = ["limits", "sampling", "attempts", "labels", "concurrency", "rehearsal"] as const;

/** Metadata that mean something, for the docs and their test. */
export const settingNames: readonly string[] = [
  ...texts,
  ...lists,
  ...values,
  "webhook",
  "batch_limits",
];

export interface Settings {
  /** Fields of each task that its line does not name. */
  task: Json;
  /** Told when the batch is finished. */
  webhook?: unknown;
  /** A ceiling for all tasks together. */
  limits?: unknown;
}

export function readSettings(metadata: Record<string, string>): {
  settings: Settings;
  faults: Detail[];
} {
  const settings: Settings = { task: {} };
  const faults: Detail[] = [];
  for (const [name, value] of Object.entries(metadata)) {
    if (!settingNames.includes(name)) continue;
    const read = settingOf(name, value);
    if (read === undefined) {
      const message = `is not JSON: write ${JSON.stringify(name)} as JSON in a text`;
      faults.push({ path: `metadata.${name}`, message, code: "invalid_value" });
    } else if (name === "webhook") settings.webhook = read;
    else if (name === "batch_limits") settings.limits = read;
    else settings.task[name] = read;
  }
  return { settings, faults };
}

function settingOf(name: string, value: string): unknown {
  if ((texts as readonly string[]).includes(name)) return value;
  if ((lists as readonly string[]).includes(name) && !value.trimStart().startsWith("[")) {
    return value
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  }
  const parsed = parseJson(value, taskLimits.jsonDepthMax);
  return parsed.ok ? parsed.value : undefined;
}
