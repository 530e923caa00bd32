// The operations that many tests send.
export const SAVE = /* GraphQL */ `
  mutation Save($input: SaveMessageInput!) {
    saveMessage(input: $input) {
      replayed
      message {
        id phoneNumber whatsappUserId message response occurredAt savedAt
        workspace { id pricePerResponse { amount currency } }
        customer { id name }
        tracking { outcome usage { id price { amount currency } customer { id } occurredAt } }
      }
    }
  }`;

export interface SavedMessage {
  id: string;
  phoneNumber: string | null;
  whatsappUserId: string | null;
  message: string;
  response: string | null;
  occurredAt: string;
  savedAt: string;
  workspace: { id: string; pricePerResponse: MoneyData };
  customer: { id: string; name: string } | null;
  tracking: {
    outcome: string;
    usage: { id: string; price: MoneyData; customer: { id: string }; occurredAt: string } | null;
  };
}

export interface MoneyData {
  amount: string;
  currency: string;
}

export interface SaveData {
  saveMessage: { replayed: boolean; message: SavedMessage };
}

export const TOTALS = /* GraphQL */ `
  query Totals($workspaceId: ID!, $period: PeriodInput, $timeZone: TimeZone) {
    usage(workspaceId: $workspaceId, period: $period, timeZone: $timeZone) {
      totals { cost { amount currency } messages activeClients firstAt lastAt averageCostPerClient { amount } }
    }
  }`;

export interface TotalsData {
  usage: {
    totals: {
      cost: MoneyData;
      messages: number;
      activeClients: number;
      firstAt: string | null;
      lastAt: string | null;
      averageCostPerClient: { amount: string } | null;
    };
  };
}

export const OUTCOMES = /* GraphQL */ `
  query Outcomes($workspaceId: ID!, $period: PeriodInput) {
    usage(workspaceId: $workspaceId, period: $period) { outcomes { outcome messages } }
  }`;
