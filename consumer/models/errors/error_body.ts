import { modelLimits } from "../../../shared/limits.ts";
import { isRecord, type Json, parseJson } from "../../../shared/text/json.ts";

/** What an error body says, from whichever of the known shapes. */
export interface ErrorDetails {
  /** Numeric codes, outermost first, digits in text included. */
  codes: number[];
  /** Typed codes and reasons in lower case, for example `context_length_exceeded`. */
  words: string[];
  /** The provider's own text, outermost first; a field's path is in front of its message. */
  message: string;
  /** The message without URLs, so that no part of a URL matches a pattern that classifies errors. */
  text: string;
  /** True for an HTML page: a proxy or a wrong path answered instead of the model's server. */
  html: boolean;
  /** MiniMax has its own codes, and so do bodies that contain `"object": "error"`. */
  vendor: "minimax" | "other";
}

const codeKeys = ["internalCode", "code", "status_code", "error_code", "errorCode", "status"];
const wordKeys = ["code", "type", "status", "reason", "error_type", "param", "name", "__type"];
const textKeys = ["message", "description", "error", "detail", "msg", "error_description"];
const moreTextKeys = ["status_msg", "title", "raw"];
const innerKeys = ["error", "errors", "detail", "details", "message", "metadata", "base_resp"];
const depthMax = 5;
const listMax = 8;

/** Reads codes, typed words and texts out of a body. Total; never rejects. */
export function readErrorBody(body: unknown): ErrorDetails {
  const texts: string[] = [];
  const details: ErrorDetails = {
    codes: [],
    words: [],
    message: "",
    text: "",
    html: false,
    vendor: "other",
  };
  if (typeof body === "string") {
    details.html = isPage(body);
    texts.push(plainText(body));
  } else collect(body, details, texts, depthMax);
  const unique = [...new Set(texts.map((text) => text.trim()))];
  details.message = unique.filter((text) => text !== "").join("; ");
  details.text = withoutUrls(details.message.slice(0, modelLimits.errorBodyCharsMax));
  const leading = /^(?:\w{0,40}Error: )?(\d{4}): /.exec(details.text)?.[1];
  if (leading !== undefined) details.codes.push(Number(leading));
  return details;
}

function collect(part: unknown, details: ErrorDetails, texts: string[], depth: number): void {
  if (depth === 0) return;
  if (Array.isArray(part)) {
    for (const item of part.slice(0, listMax)) collect(item, details, texts, depth - 1);
    return;
  }
  if (!isRecord(part)) return;
  if (isRecord(part.base_resp)) details.vendor = "minimax";
  for (const key of codeKeys) addCode(part[key], details);
  for (const key of wordKeys) {
    const value = part[key];
    if (typeof value === "string" && value !== "") details.words.push(value.toLowerCase());
  }
  const where = Array.isArray(part.loc) ? `${part.loc.join(".")}: ` : "";
  for (const key of [...textKeys, ...moreTextKeys]) {
    const value = part[key];
    if (typeof value === "string") addText(`${where}${value}`, details, texts, depth);
  }
  for (const key of innerKeys) collect(part[key], details, texts, depth - 1);
  if (Array.isArray(part.choices)) collectChoice(part.choices, details, texts, depth);
}

function collectChoice(
  choices: readonly unknown[],
  details: ErrorDetails,
  texts: string[],
  depth: number,
): void {
  const failedChoice = choices.find((choice) => isRecord(choice) && isRecord(choice.error));
  if (isRecord(failedChoice)) collect(failedChoice.error, details, texts, depth - 1);
}

function addCode(value: unknown, details: ErrorDetails): void {
  if (typeof value === "number") details.codes.push(value);
  else if (typeof value === "string" && /^\d{3,5}$/.test(value)) details.codes.push(Number(value));
}

/** A text may itself hold the upstream's error as JSON; then that is read as well. */
function addText(fullText: string, details: ErrorDetails, texts: string[], depth: number): void {
  const text = fullText.slice(0, modelLimits.errorBodyCharsMax);
  const brace = text.indexOf("{");
  const inner = brace === -1 ? undefined : parseJson(text.slice(brace));
  if (!isRecord(inner)) {
    texts.push(isPage(text) ? plainText(text) : text);
    return;
  }
  if (brace > 0) texts.push(text.slice(0, brace).replace(/[\s:-]+$/, ""));
  collect(inner, details, texts, depth - 1);
}

export const isPage = (text: string): boolean =>
  /^\s{0,20}<(?:!doctype|html|head|body|title|h\d|center|\?xml|style)/i.test(text.slice(0, 200));

function plainText(body: string): string {
  return body
    .slice(0, modelLimits.errorBodyCharsMax)
    .replace(/<(style|script)[\s\S]*?<\/\1>|<[^>]*>/gi, " ")
    .replace(/\s+/g, " ")
    .trim();
}

/** A word inside a URL, such as `billing`, says nothing about the error. */
const withoutUrls = (text: string): string => text.replace(/https?:\/\/[^\s"'<>]+/gi, "");

/** The first record of an error, which holds fields such as `n_ctx`. */
export function innermostError(body: unknown): Json {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  if (!isRecord(first)) return {};
  if (isRecord(first.error)) return first.error;
  const [listed]: unknown[] = Array.isArray(first.errors) ? first.errors : [];
  return isRecord(listed) ? listed : first;
}
