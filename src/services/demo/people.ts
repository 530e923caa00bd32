// Who writes to the demo's shop, and what they write.
import type { Registration } from '../customers/customer-service';

/** The reference example's clients (docs/semantics.md#the-reference-example). Their numbers are made up. */
export const MARIO: Registration = { name: 'Mario Rossi', phoneNumber: '+393331234567' };
export const GIULIA: Registration = { name: 'Giulia Bianchi', phoneNumber: '+393332345678' };
export const LUCA: Registration = { name: 'Luca Verdi', phoneNumber: '+393333456789' };
export const ANNA: Registration = { name: 'Anna Ferrari', whatsappUserId: 'IT.13491208655302741918' };
/** Registered, with the chatbot switched off. */
export const PAOLO: Registration = {
  name: 'Paolo Gallo',
  phoneNumber: '+393334567890',
  activeChatbot: false,
};

const FIRST_NAMES = [
  'Alessandro',
  'Beatrice',
  'Carlo',
  'Daniela',
  'Elena',
  'Fabio',
  'Giorgia',
  'Ilaria',
  'Lorenzo',
  'Martina',
  'Nicola',
];
const LAST_NAMES = ['Russo', 'Esposito', 'Romano', 'Colombo', 'Ricci'];

/** Sixty people: the five above and 55 others, every twentieth with the chatbot switched off. */
export const PEOPLE: readonly Registration[] = [
  ...[MARIO, GIULIA, LUCA, ANNA, PAOLO],
  ...FIRST_NAMES.flatMap((first, i) =>
    LAST_NAMES.map((last, j) => {
      const index = i * LAST_NAMES.length + j;
      return {
        name: `${first} ${last}`,
        phoneNumber: `+39340${String(5_000_000 + index * 7_919)}`,
        ...(index % 20 === 19 ? { activeChatbot: false } : {}),
      };
    }),
  ),
];

export const STRANGERS = ['+447700900123', '+4915112345678', '+33612345678', '+393401112223'] as const;

/** What people ask a small restaurant, and what its chatbot answers. */
export const CONVERSATION: readonly [readonly [string, string], ...(readonly [string, string])[]] = [
  ['Ciao, avete mozzarella di bufala oggi?', 'Ciao! Sì, è arrivata stamattina da Battipaglia.'],
  [
    'A che ora aprite la domenica?',
    'La domenica siamo aperti dalle 12:00 alle 15:00 e dalle 19:00 alle 23:00.',
  ],
  ['Vorrei prenotare un tavolo per 4 stasera alle 20:30', 'Perfetto, tavolo per 4 alle 20:30. A che nome?'],
  ['Fate consegne a domicilio?', "Sì, entro 5 km, con un minimo d'ordine di 15 euro."],
  ['Avete piatti senza glutine?', 'Certo: quattro primi e tutte le insalate. Le mando il menù?'],
  ['Quanto costa la margherita?', 'La margherita costa 7,50 euro, 9 con la bufala.'],
  ['Posso pagare con Satispay?', 'Sì, accettiamo Satispay, carte e contanti.'],
  ['È possibile portare il cane?', 'Certo, i cani educati sono i benvenuti, anche in sala.'],
  ['Grazie mille!', 'Grazie a lei, a presto!'],
  ['Devo spostare la prenotazione alle 21', 'Fatto: la aspettiamo alle 21:00.'],
];

/** Why the demo's model did not answer. */
export const FAILURES = [
  'The model took longer than 30 seconds.',
  'The model refused: 429 Too Many Requests.',
];
