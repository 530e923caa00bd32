// What Apollo Sandbox opens with: one document, an operation a question, ready to run.

export const EXAMPLE_VARIABLES = {
  workspaceId: 'workspace-123',
  period: { month: '2025-01' },
  input: {
    workspaceId: 'workspace-123',
    phoneNumber: '393331234567',
    message: 'Ciao, avete mozzarella?',
    response: 'Ciao Mario! Sì, appena arrivata.',
    idempotencyKey: 'wamid.from-sandbox',
  },
};

export const EXAMPLE_DOCUMENT = `# Put a token into the headers below: Authorization: Bearer ctm_...
# A client's or an analyst's token reads; only a service token saves.

# What does the month cost, and is it more than before?
query MonthlyBill($workspaceId: ID!, $period: PeriodInput) {
  usage(workspaceId: $workspaceId, period: $period) {
    period { from to timeZone complete }
    totals { cost { amount currency } messages activeClients }
    growth { comparedTo { from to } messages { previous percent } cost { previous { amount } percent } }
    forecast { cost { amount currency } messages }
  }
}

# Who are the biggest clients?
query TopClients($workspaceId: ID!, $period: PeriodInput) {
  usage(workspaceId: $workspaceId, period: $period) {
    topClients(limit: 10) { rank customer { name } messages cost { amount } share lastAt }
  }
}

# When is the shop busiest?
query BusiestHours($workspaceId: ID!, $period: PeriodInput) {
  usage(workspaceId: $workspaceId, period: $period) {
    peakHours(limit: 5) { label messages cost { amount } share }
  }
}

# What was saved and not charged, and why? (needs an analyst's token)
query NotCharged($workspaceId: ID!, $period: PeriodInput) {
  usage(workspaceId: $workspaceId, period: $period) { outcomes { outcome messages } }
  messages(workspaceId: $workspaceId, period: $period, outcome: UNKNOWN_CUSTOMER, first: 20) {
    nodes { occurredAt phoneNumber message tracking { outcome } }
  }
}

# Save a turn and charge it. (needs a service token)
mutation SaveMessage($input: SaveMessageInput!) {
  saveMessage(input: $input) {
    replayed
    message { id tracking { outcome usage { price { amount currency } } } }
  }
}
`;
