import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import './page.css';
import { App } from './app';
import { readExamples } from './examples';

const root = document.getElementById('app');
if (!root) throw new Error('index.html lacks #app.');
createRoot(root).render(
  <StrictMode>
    <App examples={await readExamples()} />
  </StrictMode>,
);
