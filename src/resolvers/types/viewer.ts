import { Field, ObjectType } from 'type-graphql';
import type { Principal, TokenKind } from '../../auth/principal';
import { GraphQLDateTime } from '../scalars/date-time';
import { TokenKindEnum } from './enums';

@ObjectType('Viewer', { description: 'The caller, as the token says.', simpleResolvers: true })
export class Viewer {
  @Field(() => String, { description: 'The name of the token or person.' })
  name!: string;

  @Field(() => TokenKindEnum, { description: 'What the token was made for.' })
  kind!: TokenKind;

  @Field(() => [String], { description: 'What the token may do, such as usage:read.' })
  scopes!: string[];

  @Field(() => GraphQLDateTime, {
    nullable: true,
    description: 'When the token expires; null: it does not expire.',
  })
  expiresAt!: Date | null;

  static of({ name, kind, scopes, expiresAt }: Principal): Viewer {
    return { name, kind, scopes: [...scopes].sort(), expiresAt };
  }
}
