import { baseUrl } from './base-url';

it.each([
  ['127.0.0.1', 'http://127.0.0.1:3001'],
  ['shop.example', 'http://shop.example:3001'],
  ['0.0.0.0', 'http://localhost:3001'],
  ['::', 'http://localhost:3001'],
  ['::1', 'http://[::1]:3001'],
])('a listener on %s is opened as %s', (host, url) => {
  expect(baseUrl(host, 3001)).toBe(url);
});
