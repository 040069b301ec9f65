/** The plans, which are the vocabulary of `subscription_tier`: this service owns it, the authentication service only keeps the word. */
export const plans = Object.freeze(['FREE', 'PREMIUM'] as const)

/** A plan's name. */
export type Plan = (typeof plans)[number]

/** What everyone has who has not chosen. */
export const defaultPlan: Plan = 'FREE'
