import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.springframework.core.io.ClassPathResource;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.SingleConnectionDataSource;
import org.springframework.security.oauth2.core.AuthorizationGrantType;
import org.springframework.security.oauth2.core.OAuth2AccessToken;
import org.springframework.security.oauth2.core.OAuth2RefreshToken;
import org.springframework.security.oauth2.server.authorization.JdbcOAuth2AuthorizationService;
import org.springframework.security.oauth2.server.authorization.OAuth2Authorization;
import org.springframework.security.oauth2.server.authorization.OAuth2TokenType;
import org.springframework.security.oauth2.server.authorization.client.InMemoryRegisteredClientRepository;
import org.springframework.security.oauth2.server.authorization.client.RegisteredClient;
import org.springframework.session.Session;
import org.springframework.session.SessionRepository;
import org.springframework.session.jdbc.JdbcIndexedSessionRepository;
import org.springframework.transaction.support.TransactionTemplate;

/** Spring Session or Spring Authorization Server at work, for test/support/library-program.ts. */
public class SpringStore {
  interface Store {
    String write(Instant expires);

    boolean accepts(String id);
  }

  public static void main(String[] args) throws IOException {
    var source = new SingleConnectionDataSource(System.getenv("JDBC_URL"), true);
    var jdbc = new JdbcTemplate(source);
    Store store;
    if (args[0].equals("spring-session")) {
      jdbc.execute(script("org/springframework/session/jdbc/schema-postgresql.sql"));
      var transactions = new TransactionTemplate(new DataSourceTransactionManager(source));
      store = sessions(new JdbcIndexedSessionRepository(jdbc, transactions));
    } else {
      var folder = "org/springframework/security/oauth2/server/authorization/";
      // As the comment in the file says for PostgreSQL.
      var schema = script(folder + "oauth2-authorization-schema.sql");
      jdbc.execute(schema.replace("blob", "text").replace("timestamp", "timestamptz"));
      store = authorizations(jdbc);
    }
    System.out.println("ready");
    var input = new BufferedReader(new InputStreamReader(System.in));
    for (var line = input.readLine(); line != null; line = input.readLine()) {
      var words = line.split(" ");
      System.out.println(
          words[0].equals("write")
              ? store.write(Instant.parse(words[1]))
              : store.accepts(words[1]));
    }
  }

  static String script(String path) throws IOException {
    return new ClassPathResource(path).getContentAsString(StandardCharsets.UTF_8);
  }

  /** Each has an attribute, which is a row of another table. */
  static <S extends Session> Store sessions(SessionRepository<S> repository) {
    return new Store() {
      public String write(Instant expires) {
        var session = repository.createSession();
        session.setAttribute("user", "somebody");
        session.setMaxInactiveInterval(Duration.ofMinutes(30));
        session.setLastAccessedTime(expires.minus(session.getMaxInactiveInterval()));
        repository.save(session);
        return session.getId();
      }

      public boolean accepts(String id) {
        var session = repository.findById(id);
        return session != null && "somebody".equals(session.getAttribute("user"));
      }
    };
  }

  /** The access token of each has expired; the refresh token decides. */
  static Store authorizations(JdbcTemplate jdbc) {
    var client =
        RegisteredClient.withId("client")
            .clientId("client")
            .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
            .redirectUri("https://example.com")
            .build();
    var service =
        new JdbcOAuth2AuthorizationService(jdbc, new InMemoryRegisteredClientRepository(client));
    return new Store() {
      public String write(Instant expires) {
        var issued = Instant.now().minus(Duration.ofDays(1));
        var text = UUID.randomUUID().toString();
        var accessToken =
            new OAuth2AccessToken(
                OAuth2AccessToken.TokenType.BEARER,
                UUID.randomUUID().toString(),
                issued,
                issued.plus(Duration.ofMinutes(5)));
        service.save(
            OAuth2Authorization.withRegisteredClient(client)
                .principalName("somebody")
                .authorizationGrantType(AuthorizationGrantType.AUTHORIZATION_CODE)
                .accessToken(accessToken)
                .refreshToken(new OAuth2RefreshToken(text, issued, expires))
                .build());
        return text;
      }

      public boolean accepts(String id) {
        var found = service.findByToken(id, OAuth2TokenType.REFRESH_TOKEN);
        return found != null && found.getRefreshToken().isActive();
      }
    };
  }
}
