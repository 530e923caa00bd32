import { ApolloProvider } from '@apollo/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { loadPlots } from './charts/load';
import { LanguageProvider } from './i18n/language';
import { createClient } from './lib/api';
import { followOtherTabs, getSession, takeTokenFromAddress } from './lib/session';
import { applyTheme } from './lib/theme';
import './styles/base.css';
import './styles/page.css';
import './styles/print.css';

takeTokenFromAddress();
// A link that is opened in a tab that shows the page already.
addEventListener('hashchange', takeTokenFromAddress);
applyTheme();
followOtherTabs();
// Beside the figures rather than after them: on a slow network that is a second.
if (getSession()) void loadPlots().catch(() => undefined);

const root = document.getElementById('app');
if (!root) throw new Error('index.html lacks #app.');
createRoot(root).render(
  <StrictMode>
    <ApolloProvider client={createClient()}>
      <LanguageProvider>
        <App />
      </LanguageProvider>
    </ApolloProvider>
  </StrictMode>,
);
