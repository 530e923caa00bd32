import { ApolloProvider } from '@apollo/client/react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app';
import { LanguageProvider } from './i18n/language';
import { createClient } from './lib/api';
import { followOtherTabs, takeTokenFromAddress } from './lib/session';
import { applyTheme } from './lib/theme';
import './styles/base.css';
import './styles/page.css';
import './styles/print.css';

takeTokenFromAddress();
// A link that is opened in a tab that shows the page already.
addEventListener('hashchange', takeTokenFromAddress);
applyTheme();
followOtherTabs();

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
