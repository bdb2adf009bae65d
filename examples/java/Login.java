// Logs in at a Bulla server, or registers first, with the JDK alone: the password travels sealed (Seal.java).
// javac -d out *.java && PASSWORD='quiet tides wander north' java -cp out Login URL EMAIL [NAME]
import java.io.IOException;
import java.net.URI;
import java.net.http.*;
import java.time.*;
import java.time.temporal.ChronoUnit;

record Login(String url, String email, String password) {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    public static void main(String[] given) throws Exception {
        if (given.length < 2 || given.length > 3 || System.getenv("PASSWORD") == null) {
            fail("usage: PASSWORD=… java -cp out Login URL EMAIL [NAME]     with a name: registers first");
        }
        var account = new Login(given[0], given[1], System.getenv("PASSWORD"));
        if (given.length == 3) account.send("register", given[2]);
        var login = account.send("login", "");
        var user = "%s <%s>, account %s".formatted(
            Json.member(login, "name"), Json.member(login, "email"), Json.member(login, "id"));
        var expiry = Instant.now().plusSeconds(Long.parseLong(Json.member(login, "expires_in")));
        System.out.println(user + "\naccess token until " + expiry.truncatedTo(ChronoUnit.SECONDS));
    }

    /** Registers or logs in: each route is called like the purpose of its envelope. */
    String send(String purpose, String name) throws Exception {
        var document = ask("sealing-key", null);
        for (var isLast = false;; isLast = true) {
            var sealed = Seal.of(document).seal(password, purpose, email);
            var answer = ask(purpose, Json.object("email", email, "name", name, "password", sealed));
            var code = Json.member(answer, "code");
            if (code.isEmpty()) return answer;
            // The key was rotated, or the nonce has expired: seal again, once. Everything else is final.
            if (isLast || !code.equals("unknown_sealing_key") && !code.equals("stale_envelope")) {
                fail(Json.member(answer, "detail") + " (" + code + ")");
            }
            document = code.equals("unknown_sealing_key") ? answer : ask("sealing-key", null);
        }
    }

    private String ask(String route, String body) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url + "/api/auth/" + route)).timeout(Duration.ofSeconds(15));
        if (body != null) {
            request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body));
        }
        try {
            var answer = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
            if (answer.headers().firstValue("Content-Type").orElse("").contains("json")) return answer.body();
        } catch (IOException unreachable) { } // which is told below
        return fail(url + " does not answer as a Bulla server does; is it one?");
    }

    private static String fail(String message) {
        System.err.println("login: " + message);
        System.exit(1);
        return message;
    }
}
