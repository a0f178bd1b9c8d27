import type { FailureCode } from "../../../shared/task/failures.ts";

const codesOf = (numbers: readonly number[], code: FailureCode): [number, FailureCode][] =>
  numbers.map((number) => [number, code]);

/** Numeric codes of Workers AI (2014 to 8006) and Z.ai (1000 to 1310). */
export const numericCodes: ReadonlyMap<number, FailureCode> = new Map([
  ...codesOf([3040], "model_busy"),
  ...codesOf([3036, 4006], "model_quota"),
  ...codesOf([3007, 3008, 3046, 2014], "model_deadline"),
  ...codesOf([5021, 3006], "model_overflow"),
  ...codesOf([3030], "model_refused"),
  ...codesOf([3043], "model_unavailable"),
  ...codesOf([5007, 3042], "model_not_found"),
  // Invalid input, JSON mode, forced tools; then what the plan or the account forbids.
  ...codesOf([5006, 8001, 5023, 5024, 8006], "model_rejected"),
  ...codesOf([5018, 3041, 5016, 5035, 3023, 5004, 5005, 5019, 3003, 3039], "model_rejected"),
  // Z.ai
  ...codesOf([1302, 1303, 1305, 1312], "model_busy"),
  ...codesOf([1113, 1304, 1308, 1309, 1310], "model_unpaid"),
  ...codesOf([1261], "model_overflow"),
  ...codesOf([1301], "model_refused"),
  ...codesOf([1211, 1212], "model_not_found"),
]);

/** MiniMax's `base_resp.status_code`. */
export const minimaxCodes: ReadonlyMap<number, FailureCode> = new Map([
  ...codesOf([1002, 1041], "model_busy"),
  ...codesOf([1008, 2056], "model_unpaid"),
  ...codesOf([1001], "model_deadline"),
  ...codesOf([1000, 1013, 1024, 1033], "model_unavailable"),
  ...codesOf([1026, 1027], "model_refused"),
  ...codesOf([1039], "model_overflow"),
  ...codesOf([1004, 2013, 2049], "model_rejected"),
]);

/** Typed codes as servers send them in `code`, `type`, `status` or `reason`, in lower case. */
export const typedWords: readonly (readonly [RegExp, FailureCode])[] = [
  [
    /^(?:insufficient_(?:user_)?quota|insufficient[_ ]balance|insufficient_credits?|exceeded_current_quota_error|billing_hard_limit_reached|billing_not_active|budget_exceeded|payment_required|credits?_exhausted|arrearage|dailylimitexceeded|quota_exhausted|usage_limit_reached|account_deactivated)/,
    "model_unpaid",
  ],
  [
    /^(?:context_length_exceeded|context_window_exceeded|exceed_context_size_error|model_max_prompt_tokens_exceeded|string_above_max_length|prompt_too_long|request_too_large|tokens_limit_reached|max_tokens_exceeded|input_too_long)/,
    "model_overflow",
  ],
  [
    /^(?:content_filter|content_policy|responsibleaipolicyviolation|data_?inspection_?failed|moderation|sensitive_content|safety)/,
    "model_refused",
  ],
  [
    /^(?:tool_use_failed|output_parse_failed|json_validate_failed|generation$|incomplete_generation|malformed_function_call)/,
    "model_interrupted",
  ],
  [
    /^(?:rate_?limit|too_many_requests|overloaded|engine_overloaded|server_overloaded|capacity_exceeded|service_tier_capacity|throttl|resource_exhausted|userratelimitexceeded|limit_(?:requests|burst_rate)|request_quota_exceeded|token_quota_exceeded|queue_exceeded|concurrency_limit)/,
    "model_busy",
  ],
  [
    /^(?:model_?not_?found|deployment_?not_?found|model_not_exist|invalid_model$)/,
    "model_not_found",
  ],
];
