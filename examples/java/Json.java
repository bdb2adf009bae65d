// As much JSON as the example needs, since the JDK has none: in your project, use Jackson or Gson.
import java.util.ArrayList;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

final class Json {
    private Json() {}

    /** An object of texts: names and values in turn. */
    static String object(String... texts) {
        var members = new ArrayList<String>();
        for (var at = 0; at < texts.length; at += 2) {
            members.add(quoted(texts[at]) + ":" + quoted(texts[at + 1]));
        }
        return "{" + String.join(",", members) + "}";
    }

    /** The first member of this name, a text or a number; "" if there is none. A quote within a text is escaped. */
    static String member(String json, String name) {
        var found = Pattern.compile("\"" + name + "\":(?:\"((?:[^\"\\\\]|\\\\.)*)\"|(\\d+))").matcher(json);
        if (!found.find()) {
            return "";
        }
        return found.group(1) == null ? found.group(2) : found.group(1).translateEscapes();
    }

    private static String quoted(String text) {
        return text.codePoints()
            .mapToObj(c -> c < ' ' || c == '"' || c == '\\' ? String.format("\\u%04x", c) : Character.toString(c))
            .collect(Collectors.joining("", "\"", "\""));
    }
}
