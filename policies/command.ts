/** The cores of `fleet policy decide` and `fleet policy check`. Node only. */
import { readFile } from "node:fs/promises";
import { isRecord } from "../shared/json.ts";
import { compile, decide, type OutboundRequest } from "./decide.ts";
import { type Parsed, parsePolicy, type Remark, secretsOf } from "./policy.ts";

/**
 * Reads one JSON request `{"url", "method"?, "headers"?}` a line and writes one decision
 * a line, in order. Blank lines are passed over; a line that is no request is denied as
 * `bad_request` and named through `warn` by its number. An invalid policy denies every line and
 * says why through `warn`; null, for a policy that is not there, denies every line as
 * `unknown_policy`, and the caller says so. Answers whether the policy was valid.
 */
export async function decideLines(
  policyText: string | null,
  lines: AsyncIterable<string>,
  write: (line: string) => void,
  warn: (line: string) => void,
): Promise<boolean> {
  const parsed: Parsed =
    policyText === null ? { ok: false, refusals: [] } : parsePolicy(policyText);
  if (!parsed.ok) for (const refusal of parsed.refusals) warn(`policy: ${spell(refusal)}`);
  const policy = parsed.ok ? compile(parsed.policy) : null;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === "") continue;
    const request = readRequest(line);
    if (request === null) {
      warn(`policy: line ${number} is no request {"method", "url", "headers"}, so it is denied`);
      write(JSON.stringify({ action: "deny", rule: null, reason: "bad_request" }));
      continue;
    }
    if (policyText === null) {
      write(JSON.stringify({ action: "deny", rule: null, reason: "unknown_policy" }));
      continue;
    }
    const { action, rule, reason } = decide(policy, request);
    write(JSON.stringify({ action, rule, reason }));
  }
  return parsed.ok;
}

/** Headers are an object or a list of pairs. Null where the line is no request. */
function readRequest(line: string): OutboundRequest | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!isRecord(value)) return null;
  const { url, method = "GET", headers = {} } = value;
  if (typeof url !== "string" || typeof method !== "string") return null;
  const pairs: unknown = Array.isArray(headers)
    ? headers
    : isRecord(headers) && Object.entries(headers);
  return Array.isArray(pairs) && pairs.every(isPair) ? { url, method, headers: pairs } : null;
}

const isPair = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string");

/** What a check found of one file. `rules` counts them; a remark names its place. */
export type CheckedFile =
  | {
      file: string;
      ok: true;
      rules: number;
      warnings: { path: string; message: string }[];
      secrets: { name: string; set: boolean }[];
    }
  | { file: string; ok: false; refusals: { path: string; message: string }[] };

/** Checks one policy file and looks which of the secrets that it needs are in `environment`. */
export async function checkFile(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<CheckedFile> {
  const parsed = await readFile(file, "utf8").then(parsePolicy, unreadable);
  if (!parsed.ok) return { file, ok: false, refusals: parsed.refusals.map(placed) };
  const { policy, warnings } = parsed;
  const secrets = secretsOf(policy).map((name) => ({
    name,
    set: (environment[`SECRET_${name}`] ?? "") !== "",
  }));
  const rules = policy.rules.length;
  return { file, ok: true, rules, warnings: warnings.map(placed), secrets };
}

/**
 * Checks policy files and names the secrets that they need. One line a file, then one
 * a remark. Exit code 1 when a file is unreadable or invalid; a secret that is missing
 * from `environment` is told and does not fail, because it may be set elsewhere.
 */
export async function checkFiles(
  paths: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): Promise<0 | 1> {
  let code: 0 | 1 = 0;
  for (const path of paths) {
    const checked = await checkFile(path, environment);
    if (!checked.ok) code = 1;
    for (const line of checkLines(checked)) write(line);
  }
  return code;
}

function checkLines(checked: CheckedFile): string[] {
  if (!checked.ok) {
    return [`refused ${checked.file}`, ...checked.refusals.map((refusal) => `  ${spell(refusal)}`)];
  }
  const { file, rules, warnings, secrets } = checked;
  return [
    `ok ${file}: ${rules} rule${rules === 1 ? "" : "s"}`,
    ...warnings.map((warning) => `  warning: ${spell(warning)}`),
    ...secrets.map(
      ({ name, set }) => `  secret ${name}: ${set ? "set" : `missing, set SECRET_${name}`}`,
    ),
  ];
}

function unreadable(error: unknown): Parsed {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const message =
    code === "ENOENT" ? "there is no such file" : `cannot be read${code ? ` (${code})` : ""}`;
  return {
    ok: false,
    refusals: [{ rule: null, path: "", message: `${message}; name a policy file` }],
  };
}

const placed = ({ path, message }: Remark) => ({ path, message });

const spell = ({ path, message }: { path: string; message: string }) => `${path} ${message}`.trim();
