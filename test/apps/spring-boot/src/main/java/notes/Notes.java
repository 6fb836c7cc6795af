package notes;

import jakarta.servlet.http.HttpServletRequest;
import java.util.List;
import java.util.Map;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

/** Notes in an H2 database; uploads go through the servlet container's temporary directory. */
@SpringBootApplication
@RestController
public class Notes {
  private final JdbcClient database;

  Notes(JdbcClient database) {
    this.database = database;
  }

  public static void main(String[] args) {
    SpringApplication.run(Notes.class, args);
  }

  record Note(long id, String text) {}

  @GetMapping("/notes")
  List<Note> list() {
    return database.sql("select id, text from note order by id").query(Note.class).list();
  }

  @PostMapping("/notes")
  Map<String, Integer> add(@RequestBody Map<String, String> note) {
    return Map.of("added", database.sql("insert into note (text) values (?)").param(note.get("text")).update());
  }

  @PostMapping("/upload")
  Map<String, Object> upload(@RequestParam MultipartFile file) throws Exception {
    try (var stream = file.getInputStream()) {
      return Map.of("name", file.getOriginalFilename(), "bytes", stream.transferTo(java.io.OutputStream.nullOutputStream()));
    }
  }

  @GetMapping("/url")
  Map<String, String> url(HttpServletRequest request) {
    return Map.of("url", request.getRequestURL().toString());
  }
}
