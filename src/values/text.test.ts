import fc from 'fast-check';
import { cleanText, INVISIBLE, isBlank } from './text';

describe('cleanText', () => {
  test('drops NUL and nothing else that can be stored', () => {
    expect(cleanText('a\u0000b\u0000')).toBe('ab');
    expect(cleanText('\t Ciao 👋🏽\r\n\u0001\u200b\ufeff')).toBe('\t Ciao 👋🏽\r\n\u0001\u200b\ufeff');
  });

  test('replaces lone surrogates, which an LLM leaves where its text is cut', () => {
    expect(cleanText('cut \ud83d')).toBe('cut \ufffd');
    expect(cleanText('\udc4b cut')).toBe('\ufffd cut');
    expect(cleanText('\udc4b\ud83d')).toBe('\ufffd\ufffd');
  });

  test('returns well-formed text without NUL that a second cleaning does not change', () => {
    const anything = fc
      .array(fc.integer({ min: 0, max: 0xffff }))
      .map((units) => String.fromCharCode(...units));
    fc.assert(
      fc.property(anything, (text) => {
        const clean = cleanText(text);
        expect(clean.isWellFormed()).toBe(true);
        expect(clean.includes('\u0000')).toBe(false);
        expect(cleanText(clean)).toBe(clean);
        expect(clean.length).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  test('does not change well-formed text without NUL', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(cleanText(text)).toBe(text.replaceAll('\u0000', ''));
      }),
    );
  });
});

describe('isBlank', () => {
  test.each([[''], [' '], ['\n\t\r\v\f'], ['\u00a0\u2003\u2028\u3000\ufeff'], [null], [undefined]])(
    'is true for %j: nothing but white space',
    (text) => {
      expect(isBlank(text)).toBe(true);
    },
  );

  test.each(['\u0085', '\u200b', '\u00ad', '\u2060', ' \u202e\u200d\ufe0f', '\u0001', '\u2800', '\u{e0020}'])(
    'is true for %j: nothing that can be seen',
    (text) => {
      expect(isBlank(text)).toBe(true);
    },
  );

  test.each(['.', ' a ', '\u200b.', '👋', '❤\ufe0f', '\u06dd', '\ufffd', '0', 'null'])(
    'is false for %j: a character to charge for',
    (text) => {
      expect(isBlank(text)).toBe(false);
    },
  );

  test('is false for any text with a character that can be seen', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(isBlank(`${before}x${after}`)).toBe(false);
      }),
    );
  });

  test("knows all white space, controls and default-ignorable characters of Node's Unicode", () => {
    const unseen = /[\p{White_Space}\p{Cc}\p{Default_Ignorable_Code_Point}]/u;
    const unlike: string[] = [];
    for (let code = 1; code <= 0x10ffff; code += 1) {
      const text = String.fromCodePoint(code);
      // Braille's blank cell and the marks of interlinear notes show nothing either.
      const expected = unseen.test(text) || code === 0x2800 || (code >= 0xfff9 && code <= 0xfffb);
      if (expected !== INVISIBLE.some(([first, last]) => first <= code && code <= last))
        unlike.push(code.toString(16));
    }
    expect(unlike).toEqual([]);
  });
});
