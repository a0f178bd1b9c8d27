/**
 * Reads task settings from a batch's metadata. Metadata values are strings: names are used as they are,
 * lists are separated by commas, everything else is JSON. Other metadata belong to the user.
 */

import { taskLimits } from "../../../shared/limits.ts";
import { err, ok, type Result } from "../../../shared/result.ts";
import type { Json } from "../../../shared/text/json.ts";
import { parseJson } from "../../http/json_text.ts";
import type { Detail } from "../../http/problem.ts";

const textSettings = ["model", "policy", "sandbox", "priority", "on_uncertain"] as const;
const listSettings = ["fallback_models", "tools", "mcp", "skills"] as const;
const jsonSettings = [
  "limits",
  "sampling",
  "attempts",
  "labels",
  "concurrency",
  "checks",
  "samples",
  "escalate",
  "rehearsal",
] as const;

export const settingNames: readonly string[] = [
  ...textSettings,
  ...listSettings,
  ...jsonSettings,
  "webhook",
  "batch_limits",
];

export interface BatchSettings {
  /** Task fields, for tasks whose line does not set them. */
  task: Json;
  /** Called when the batch is finished. */
  webhook?: unknown;
  /** The ceiling for all tasks together. */
  limits?: unknown;
}

export function readMetadata(metadata: Record<string, string>): Result<BatchSettings, Detail[]> {
  const settings: BatchSettings = { task: {} };
  const faults: Detail[] = [];
  for (const [name, text] of Object.entries(metadata)) {
    if (!settingNames.includes(name)) continue;
    const value = parseSetting(name, text);
    if (value === undefined) {
      const message = "is not JSON: use a string that contains JSON";
      faults.push({ path: `metadata.${name}`, message, code: "invalid_value" });
    } else if (name === "webhook") settings.webhook = value;
    else if (name === "batch_limits") settings.limits = value;
    else settings.task[name] = value;
  }
  return faults.length === 0 ? ok(settings) : err(faults);
}

/** Undefined if the text is not JSON. */
function parseSetting(name: string, text: string): unknown {
  if ((textSettings as readonly string[]).includes(name)) return text;
  if ((listSettings as readonly string[]).includes(name) && !text.trimStart().startsWith("[")) {
    return text
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "");
  }
  const parsed = parseJson(text, taskLimits.jsonDepthMax);
  return parsed.ok ? parsed.value : undefined;
}
