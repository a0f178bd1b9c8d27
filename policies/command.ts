/** The cores of `fleet policy decide` and `fleet policy check`. Node only. */
import { readFile } from "node:fs/promises";
import { compile, decide, type OutboundRequest } from "./decide.ts";
import { type Parsed, parsePolicy, type Remark, secretsOf } from "./policy.ts";

/**
 * Reads one JSON request `{"url", "method"?, "headers"?}` a line and writes one decision
 * a line, in order. Blank lines are passed over; a line that is no request is denied as
 * `bad_request`. An invalid policy denies every line and says why through `warn`.
 * Answers whether the policy was valid.
 */
export async function decideLines(
  policyText: string,
  lines: AsyncIterable<string>,
  write: (line: string) => void,
  warn: (line: string) => void,
): Promise<boolean> {
  const parsed = parsePolicy(policyText);
  if (!parsed.ok) for (const refusal of parsed.refusals) warn(`policy: ${spell(refusal)}`);
  const policy = parsed.ok ? compile(parsed.policy) : null;
  for await (const line of lines) {
    if (line.trim() === "") continue;
    const request = readRequest(line);
    if (request === null) {
      write(JSON.stringify({ action: "deny", rule: null, reason: "bad_request" }));
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

const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

const isPair = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === "string");

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
    const parsed = await readFile(path, "utf8").then(parsePolicy, unreadable);
    if (!parsed.ok) {
      code = 1;
      write(`refused ${path}`);
      for (const refusal of parsed.refusals) write(`  ${spell(refusal)}`);
      continue;
    }
    const { policy, warnings } = parsed;
    write(`ok ${path}: ${policy.rules.length} rules`);
    for (const warning of warnings) write(`  warning: ${spell(warning)}`);
    for (const name of secretsOf(policy)) {
      const value = environment[`SECRET_${name}`];
      const state = value === undefined || value === "" ? `missing, set SECRET_${name}` : "set";
      write(`  secret ${name}: ${state}`);
    }
  }
  return code;
}

const unreadable = (): Parsed => ({
  ok: false,
  refusals: [{ rule: null, path: "", message: "cannot be read; name a policy file" }],
});

const spell = (remark: Remark) => `${remark.path} ${remark.message}`.trim();
