import { Type } from "@sinclair/typebox";
import { toolLimits } from "../../../shared/limits.ts";
import { defineTool, toolError, toolResult } from "../define.ts";
import { mayReceive } from "./recipients.ts";

export const sendEmail = defineTool({
  name: "send_email",
  description: "Sends one message as plain text to an address that the operator permits.",
  input: Type.Object(
    {
      to: Type.String({ minLength: 3, maxLength: toolLimits.addressCharsMax }),
      subject: Type.String({ minLength: 1, maxLength: toolLimits.subjectCharsMax }),
      text: Type.String({ minLength: 1, maxLength: toolLimits.mailCharsMax }),
    },
    { additionalProperties: false },
  ),
  effect: "effect",
  bindings: ["EMAIL", "EMAIL_FROM", "EMAIL_TO"],
  async run({ to, subject, text }, { bindings, idempotencyKey }) {
    const { EMAIL, EMAIL_FROM, EMAIL_TO } = bindings;
    if (!mayReceive(to, EMAIL_TO)) return toolError(`Mail to ${to} is not permitted.`);
    // A line break in the subject would let the model add headers.
    if (/\p{Cc}/u.test(subject)) return toolError("The subject must be one line.");
    try {
      const headers = { "X-Idempotency-Key": idempotencyKey };
      const receipt = await EMAIL.send({ from: EMAIL_FROM, to, subject, text, headers });
      return toolResult(`Sent to ${to}, message ${receipt.messageId}.`);
    } catch {
      return toolError(
        `The mail service reported a failure, so the message to ${to} may or may not have left. Do not send it again; say so in the answer.`,
      );
    }
  },
});
