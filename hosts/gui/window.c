/* A window: an entry, a button, a bar and a line of text. Escape closes it. */
#include "gui.h"
#include <gtk/gtk.h>

void clicked(void); /* Scheme's */

static GtkWidget *entry, *button, *bar, *label;

static gboolean pressed(GtkWidget *window, GdkEventKey *event, void *unused) {
  (void)unused;
  if (event->keyval == GDK_KEY_Escape)
    gtk_widget_destroy(window);
  return event->keyval == GDK_KEY_Escape;
}

void window_show(void) {
  gtk_init(NULL, NULL);
  GtkWidget *window = gtk_window_new(GTK_WINDOW_TOPLEVEL);
  GtkWidget *box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 12);
  gtk_window_set_title(GTK_WINDOW(window), "primes");
  gtk_window_set_default_size(GTK_WINDOW(window), 420, 200);
  gtk_container_set_border_width(GTK_CONTAINER(window), 16);
  gtk_container_add(GTK_CONTAINER(window), box);
  entry = gtk_entry_new();
  gtk_entry_set_text(GTK_ENTRY(entry), "200000");
  button = gtk_button_new_with_label("Count");
  bar = gtk_progress_bar_new();
  label = gtk_label_new("How many primes are there?");
  GtkWidget *all[] = {label, entry, button, bar};
  for (int i = 0; i < 4; i++)
    gtk_container_add(GTK_CONTAINER(box), all[i]);
  g_signal_connect(entry, "activate", G_CALLBACK(clicked), NULL);
  g_signal_connect(button, "clicked", G_CALLBACK(clicked), NULL);
  g_signal_connect(window, "key-press-event", G_CALLBACK(pressed), NULL);
  g_signal_connect(window, "destroy", G_CALLBACK(gtk_main_quit), NULL);
  gtk_widget_show_all(window);
}

char *window_entry(void) { return (char *)gtk_entry_get_text(GTK_ENTRY(entry)); }

void window_set(double fraction, const char *text, const char *caption) {
  gtk_progress_bar_set_fraction(GTK_PROGRESS_BAR(bar), fraction);
  gtk_label_set_text(GTK_LABEL(label), text);
  gtk_button_set_label(GTK_BUTTON(button), caption);
}
