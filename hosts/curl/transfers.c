/* Threads that fetch pages with libcurl, and hand each to Scheme. */
#include <curl/curl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void arrived(const char *url, char *text, const char *error); /* Scheme's */

/* URLs that nobody has begun, a line each, in a text that is cut up. */
struct work {
  pthread_mutex_t mutex;
  char *rest;
};

struct page {
  char *text;
  size_t length;
};

static size_t keep(char *part, size_t size, size_t count, void *data) {
  struct page *page = data;
  char *text = realloc(page->text, page->length + size * count + 1);
  if (!text)
    return 0; /* which ends the transfer */
  memcpy(text + page->length, part, size * count);
  page->text = text;
  page->length += size * count;
  text[page->length] = '\0';
  return size * count;
}

static void *fetch(void *data) {
  struct work *work = data;
  CURL *curl = curl_easy_init();
  while (curl) {
    pthread_mutex_lock(&work->mutex);
    char *url = strsep(&work->rest, "\n");
    pthread_mutex_unlock(&work->mutex);
    if (!url || !*url)
      break;
    struct page page = {NULL, 0};
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L); /* a library's thread is to leave signals alone */
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &page);
    CURLcode code = curl_easy_perform(curl);
    arrived(url, page.text ? page.text : "", code == CURLE_OK ? NULL : curl_easy_strerror(code));
    free(page.text);
  }
  curl_easy_cleanup(curl);
  return NULL;
}

/* Fetches all, some of them at a time; returns when the last one has been handed over. */
int transfers(char *urls, int at_once) {
  struct work work = {PTHREAD_MUTEX_INITIALIZER, urls};
  pthread_t threads[64];
  int count = 0;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  while (count < at_once && count < 64 && !pthread_create(&threads[count], NULL, fetch, &work))
    count++;
  for (int i = 0; i < count; i++)
    pthread_join(threads[i], NULL);
  return count;
}
