import type { Order } from "./make_orders.ts";
import { Random } from "./random.ts";

export interface Ticket {
  id: string;
  opened_at: string;
  customer_id: string;
  order_id: string | null;
  channel: "email" | "chat" | "form";
  subject: string;
  body: string;
}

type Kind = "delivery" | "refund" | "damaged" | "invoice" | "account" | "question";

const subjects: Record<Kind, readonly string[]> = {
  delivery: ["Where is my parcel?", "Tracking has not moved for days", "Order not delivered yet"],
  refund: ["Money back please", "Refund still missing", "Returned goods, no refund so far"],
  damaged: ["Arrived broken", "Dripper came in pieces", "Damaged on arrival"],
  invoice: ["Invoice with VAT number", "Wrong address on the invoice", "Need a copy of my invoice"],
  account: ["Cannot log in", "Password reset mail never comes", "Change the e-mail of my account"],
  question: ["Which grind for a moka pot?", "Do you ship to Norway?", "How long does decaf keep?"],
};
const bodies: Record<Kind, readonly string[]> = {
  delivery: [
    "The tracking page says {order} left the depot {days} days ago and nothing since. Can you ask the carrier?",
    "I ordered {days} days ago and the parcel for {order} has still not been delivered.",
  ],
  refund: [
    "I sent {order} back {days} days ago. The refund is not on my card yet.",
    "You promised a refund for {order}. It has been {days} days. Please check.",
  ],
  damaged: [
    "Two pieces of {order} arrived broken. Photos attached. I would like a replacement.",
    "The box of {order} was crushed and the glass inside is cracked and damaged.",
  ],
  invoice: [
    "Please send the invoice for {order} again with our VAT number on it.",
    "Our bookkeeping needs the invoice for {order}; the address on it is our old one.",
  ],
  account: [
    "I cannot log in any more. The password reset mail does not arrive, also not in spam.",
    "Please move my account to my new e-mail address. I can no longer log in to the old one.",
  ],
  question: [
    "Hello, a short question before I order: how fine should I grind, and do you have a recommendation?",
    "Do you ship abroad, and what would a kilo cost me? Thank you!",
  ],
};
const closings = ["Thanks!", "Kind regards", "Best", "Waiting for your answer.", "Cheers"] as const;
const angry = [" This is the third time I write!", " I am really disappointed.", " Unacceptable."] as const;

/** 140 tickets about the orders of the shop, in chronological order. */
export function makeTickets(orders: readonly Order[]): Ticket[] {
  const random = new Random(20_250_715);
  return Array.from({ length: 140 }, (_, at) => {
    const kind = random.weighted([
      ["delivery", 34], ["refund", 20], ["damaged", 15], ["invoice", 12], ["account", 11], ["question", 8],
    ] as const);
    const order = random.pick(orders);
    const isAboutOrder = kind !== "account" && kind !== "question";
    const days = random.whole(3, 19);
    const body = random.pick(bodies[kind]).replaceAll("{order}", order.order_id).replaceAll("{days}", String(days));
    return {
      id: `T${String(7_001 + at)}`,
      opened_at: new Date(Date.UTC(2025, 6, 1, 6) + at * 3_600_000 * 5 + random.whole(0, 17_000_000))
        .toISOString()
        .replace(/\.\d+Z$/, "Z"),
      customer_id: order.customer_id,
      order_id: isAboutOrder ? order.order_id : null,
      channel: random.weighted([["email", 55], ["form", 25], ["chat", 20]] as const),
      subject: random.pick(subjects[kind]),
      body: `${body}${random.chance(0.18) ? random.pick(angry) : ""} ${random.pick(closings)}`,
    };
  });
}
