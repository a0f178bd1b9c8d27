/** The core of `fleet policy decide` and `fleet policy check`. Node only. */
import { readFile } from "node:fs/promises";
import { err } from "../shared/result.ts";
import { isRecord } from "../shared/text/json.ts";
import { compile, decide, type OutboundRequest } from "./decide.ts";
import { type Finding, type ParseResult, parsePolicy, secretsOf } from "./policy.ts";

/**
 * Reads one JSON request `{"url", "method"?, "headers"?}` per line and writes one decision per line, in order.
 * Blank lines are skipped; an invalid line is denied as `bad_request` and reported through `warn`. An invalid
 * policy denies every line and is reported through `warn`; null (no such policy) denies every line as
 * `unknown_policy`. Returns whether the policy was valid.
 */
export async function decideLines(
  policyText: string | null,
  lines: AsyncIterable<string>,
  write: (line: string) => void,
  warn: (line: string) => void,
): Promise<boolean> {
  const parsed: ParseResult = policyText === null ? err([]) : parsePolicy(policyText);
  if (!parsed.ok) for (const problem of parsed.error) warn(`policy: ${formatFinding(problem)}`);
  const policy = parsed.ok ? compile(parsed.value.policy) : null;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === "") continue;
    const request = readRequest(line);
    if (request === null) {
      warn(`policy: line ${number} is denied, it is not a request {"method", "url", "headers"}`);
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

/** Headers are an object or a list of pairs. Null when the line is not a request. */
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

/** The output of a check of one file. `rules` is their number. */
export type CheckedFile =
  | {
      file: string;
      ok: true;
      rules: number;
      warnings: { path: string; message: string }[];
      secrets: { name: string; set: boolean }[];
    }
  | { file: string; ok: false; refusals: { path: string; message: string }[] };

/** Checks one policy file and which of its secrets are set in `environment`. */
export async function checkFile(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<CheckedFile> {
  const parsed = await readFile(file, "utf8").then(parsePolicy, fileError);
  if (!parsed.ok) return { file, ok: false, refusals: parsed.error.map(withoutRule) };
  const { policy, warnings } = parsed.value;
  const secrets = secretsOf(policy).map((name) => ({
    name,
    set: (environment[`SECRET_${name}`] ?? "") !== "",
  }));
  const rules = policy.rules.length;
  return { file, ok: true, rules, warnings: warnings.map(withoutRule), secrets };
}

/**
 * Checks policy files and lists the secrets that they need: one line per file, one per finding. Exit code 1 when
 * a file is unreadable or invalid; a secret that is missing in `environment` does not fail, because it may be set
 * elsewhere.
 */
export async function checkFiles(
  paths: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  write: (line: string) => void,
): Promise<0 | 1> {
  let code: 0 | 1 = 0;
  for (const path of paths) {
    const result = await checkFile(path, environment);
    if (!result.ok) code = 1;
    for (const line of checkLines(result)) write(line);
  }
  return code;
}

function checkLines(checked: CheckedFile): string[] {
  if (!checked.ok) {
    return [
      `invalid ${checked.file}`,
      ...checked.refusals.map((each) => `  ${formatFinding(each)}`),
    ];
  }
  const { file, rules, warnings, secrets } = checked;
  return [
    `ok ${file}: ${rules} rule${rules === 1 ? "" : "s"}`,
    ...warnings.map((warning) => `  warning: ${formatFinding(warning)}`),
    ...secrets.map(
      ({ name, set }) => `  secret ${name}: ${set ? "set" : `missing, set SECRET_${name}`}`,
    ),
  ];
}

function fileError(error: unknown): ParseResult {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const message =
    code === "ENOENT" ? "file not found" : `cannot be read${code ? ` (${code})` : ""}`;
  return err([{ rule: null, path: "", message: `${message}; pass a policy file` }]);
}

const withoutRule = ({ path, message }: Finding) => ({ path, message });

const formatFinding = ({ path, message }: { path: string; message: string }) =>
  `${path} ${message}`.trim();
